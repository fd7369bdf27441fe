"""Text to features: normalisation and n-grams, the same in training and in the shipped file."""
