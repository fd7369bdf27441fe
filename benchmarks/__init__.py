"""Side-by-side measurements, each one command with a results file."""
