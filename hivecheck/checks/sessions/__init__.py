"""Checks of sticky sessions."""
