"""Programs that run inside the node of a hive. `platforms/node_program.py` ships them."""
