"""Closed loops: what is learned feeds the next round."""
