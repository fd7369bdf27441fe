"""What base models are worth by the fixed evaluation."""
