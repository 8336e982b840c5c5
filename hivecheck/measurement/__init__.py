"""Facts computed from history: recovery and blast radius."""
