"""The command line: what a person asks, and what a script reads (DESIGN 10)."""
