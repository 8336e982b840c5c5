"""The `hivecheck` command."""
