"""Generated mutants: operators, the seeded draw, the record of lines, the attempt of one mutant, the score."""
