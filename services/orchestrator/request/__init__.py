"""One request: its context, record, timeline, metrics."""
