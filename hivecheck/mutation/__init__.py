"""Mutants, the runs that must detect them, and the kill table."""
