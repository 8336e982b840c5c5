"""Checks of logs, traces and metrics."""
