"""Removal of leftovers: the watchdog of a live run, and orphans of dead runs."""
