"""The hive: starts, watches, restarts and stops workers, relays to them, and speaks for them at the registry."""
