"""Acceptance, chaos and load harness for LLM-serving stacks."""
