"""What a run tells: plan, JUnit, console, evidence."""
