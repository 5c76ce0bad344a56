"""Measurements of the fifteen goals; `run.py` is the way in."""
