"""The reports of a run: result, JUnit, console, evidence."""
