"""The registry: who is there, under which lease and epoch. It routes nothing and probes nobody."""
