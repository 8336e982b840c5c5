"""Checks of load runs: what their figures show of the system under test.

A late client gives no verdict on a latency, and any other INVALID run gives none at all.
"""
