"""Checks of what load leaves behind in the processes of the stack."""
