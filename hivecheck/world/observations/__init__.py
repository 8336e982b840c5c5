"""What is observed beside responses: metrics, usage, resources, connections, security."""
