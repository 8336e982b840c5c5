"""Token usage of requests: reading it from answers, and the ledger that stores it."""
