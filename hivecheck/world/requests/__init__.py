"""Requests that clients send: chats, batches, sessions, SDK calls, hostile and direct requests."""
