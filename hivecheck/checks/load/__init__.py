"""Checks of load runs: what their figures show of the system under test. A run that is INVALID gives no verdict."""
