"""Checks of recovery from faults, under load."""
