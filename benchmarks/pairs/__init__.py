"""Pairs of texts with all labelled rows: labels by accuracy, scores by rank correlation."""
