"""Checks of SSE streams: completeness, pace, interruption, cancellation."""
