"""Where shards run: one interface, and a file for each place."""
