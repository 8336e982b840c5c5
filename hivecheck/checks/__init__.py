"""Checks: pure functions from history and named limits to a verdict. One check a file, without clock, network or files."""
