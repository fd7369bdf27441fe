"""Entities: CLUENER in full and with few examples, CrossNER, and the speed with many types."""
