"""All code that knows behave: the runner, selection, parameter types, errors of steps."""
