"""Proof that scenarios can fail: planted defects, the runs that must catch them, and the table of who caught what."""
