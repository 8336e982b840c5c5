"""Faults of SQLite database files: lock, replacement, corruption."""
