"""The docker platform: each node is a container."""
