"""Repeated runs: flake rates, and shrinking of fault plans."""
