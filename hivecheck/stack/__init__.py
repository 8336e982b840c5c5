"""A topology that runs on a platform, from start to removal; the stacks of a run; kept stacks."""
