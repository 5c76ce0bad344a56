"""The launcher process: the one parent of every sandbox."""
