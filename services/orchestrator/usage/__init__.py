"""Token usage and the usage ledger."""
