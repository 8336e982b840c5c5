"""Generated mutants: operators, the seeded draw, the record of lines, the trial of one mutant, the score."""
