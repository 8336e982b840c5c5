"""Sending a request to workers: attempts, retries, circuit breaker, connection pool."""
