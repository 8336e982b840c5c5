"""Checks of token usage and of the usage ledger."""
