"""The envelope by which anything with effects is run, and its answer (DESIGN 8.5)."""
