"""Step definitions: the Gherkin vocabulary of hivecheck."""
