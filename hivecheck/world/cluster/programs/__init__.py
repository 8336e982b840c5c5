"""Programs that run inside the node of the registry. `platforms/node_program.py` ships them."""
