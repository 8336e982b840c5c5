"""Somebody else's gateway in the orchestrator's place: what it is, how it is started, what it is held to. Data and small adapters."""
