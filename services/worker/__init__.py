"""The worker: simulates an OpenAI-compatible model server with its timing, slots and faults. Its journal records each request."""
