"""Architectures and how their weights are stored and opened."""
