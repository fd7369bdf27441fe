"""Entities: CLUENER in full and with few examples, CrossNER, relations on an example, and the speed with many types."""
