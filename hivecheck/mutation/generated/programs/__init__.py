"""Programs that run inside a node, as in hivecheck/faults/programs/."""
