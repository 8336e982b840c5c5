"""Faults that exhaust memory, CPU, connections or disk."""
