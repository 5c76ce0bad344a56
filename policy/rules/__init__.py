"""The policy file: one model that parses, documents and is consumed (DESIGN 7)."""
