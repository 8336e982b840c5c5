"""The OpenAI-compatible gateway: who may ask, which worker answers, and what a client sees when one fails."""
