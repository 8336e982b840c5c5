"""Forwards requests to workers: attempts, retries, circuit breakers, passive health, connection pool and delivery."""
