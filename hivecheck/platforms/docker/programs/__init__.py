"""Programs that run inside a container: one file each. `platforms/node_program.py` ships them."""
