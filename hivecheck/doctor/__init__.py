"""Diagnosis of this machine and of kept stacks."""
