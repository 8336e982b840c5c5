"""The model hub: serves model files with their checksums, and simulates failures on request."""
