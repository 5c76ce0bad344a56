"""Pages and projections generated from facts: never edited, never read back as truth."""
