"""Intake: the backlog of a commit as values, read from git's objects without a checkout."""

from gitops.intake.cache import ItemCache
from gitops.intake.native import Intake

__all__ = ["Intake", "ItemCache"]
