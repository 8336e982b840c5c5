"""Checks of which worker served a request, and of attempts."""
