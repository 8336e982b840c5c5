"""Checks of registration, expiry and downloads."""
