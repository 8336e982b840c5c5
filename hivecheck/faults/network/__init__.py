"""Faults of packets between nodes."""
