"""The hive: starts, probes, restarts and stops workers, relays requests to them, and registers them."""
