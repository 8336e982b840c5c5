"""The choice of a worker: cluster view, balancing, sessions, models."""
