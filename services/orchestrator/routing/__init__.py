"""Selects a worker for a request: cluster view, balancing, sticky sessions, model aliases and provisioning."""
