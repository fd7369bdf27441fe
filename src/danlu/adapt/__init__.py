"""Task forms: each file is one way to learn a task from labelled rows."""
