"""The model hub: serves model files, tells their checksums, and fails when it is told to."""
