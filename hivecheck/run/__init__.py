"""One run without behave: plan, stacks, outcomes, evidence, reports, exit code."""
