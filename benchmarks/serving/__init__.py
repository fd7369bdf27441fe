"""Latency, throughput and memory of a served model."""
