"""Checks of responses: success, refusal, time limits, schema, fidelity."""
