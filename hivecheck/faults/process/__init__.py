"""Faults of a process: signals, pause, limits, gray failure."""
