"""Another gateway in the orchestrator's place: what it is, how it starts, what it declares. Data and small adapters."""
