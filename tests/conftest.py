"""What holds for every test."""

from hypothesis import settings

# A deadline is a timed assertion: it fails on a busy machine and says nothing of the code.
settings.register_profile("pawl", deadline=None)
settings.load_profile("pawl")
