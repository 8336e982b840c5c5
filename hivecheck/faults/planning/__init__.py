"""Random faults: fault plans, fault budget, eligibility."""
