"""Faults of a whole container or node: pause, restart, network disconnect."""
