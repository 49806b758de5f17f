"""A portfolio that is made up: the same for the same seed, in the form of OpenADR payloads or of readings."""
