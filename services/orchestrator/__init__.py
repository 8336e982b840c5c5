"""The OpenAI-compatible gateway: authenticates clients, balances requests over workers, retries, and records usage."""
