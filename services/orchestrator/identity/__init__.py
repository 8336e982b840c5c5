"""Authentication: API keys and JWTs."""
