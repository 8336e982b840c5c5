"""The worker: an OpenAI-compatible model server that generates nothing of meaning, but keeps time, order, slots and a journal."""
