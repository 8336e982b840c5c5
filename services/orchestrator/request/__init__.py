"""The state of one client request: context, in-flight guards, timeline, statistics, metrics and the final record."""
