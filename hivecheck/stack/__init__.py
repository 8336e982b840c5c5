"""A topology that runs on a platform, from start to removal. Also the stacks of a run, and kept stacks."""
