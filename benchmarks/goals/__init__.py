"""The goals, a file a goal or a family of goals. Each module has its goals in `GOALS`."""
