"""Metrics and their intervals; takes arrays, knows no model."""
