"""The tool bus: one door through which everything with effects is run."""
