"""The registry: the registered services with their leases and epochs. It neither routes requests nor probes services."""
