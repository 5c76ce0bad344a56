"""A goal, and what measuring it came to.

A goal may have several targets, a line each; it is met only if every line is. What could not be
measured is neither met nor missed: it says why, and is counted apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from benchmarks.frame.bench import Bench

Verdict = Literal["met", "not met", "cannot run here"]


@dataclass(frozen=True)
class AtLeast:
    bound: float
    unit: str = "x"

    def holds(self, value: float) -> bool:
        return value >= self.bound

    def __str__(self) -> str:
        return f">= {self.bound:g} {self.unit}"


@dataclass(frozen=True)
class AtMost:
    bound: float
    unit: str = "x"

    def holds(self, value: float) -> bool:
        return value <= self.bound

    def __str__(self) -> str:
        return f"<= {self.bound:g} {self.unit}"


Target = AtLeast | AtMost


@dataclass(frozen=True)
class Line:
    """One number against one target. *detail* says what it was made of, with its spread."""

    words: str
    value: float
    target: Target
    detail: str

    @property
    def met(self) -> bool:
        return self.target.holds(self.value)


@dataclass(frozen=True)
class Measured:
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CannotRun:
    """*why* names what is missing and how it could be had."""

    why: str


@dataclass(frozen=True)
class Goal:
    """*ident* is G1 to G15; *measure* runs both sides and returns what came of it."""

    ident: str
    words: str
    measure: Callable[[Bench], Measured | CannotRun]


def verdict(result: Measured | CannotRun) -> Verdict:
    """Return the goal's verdict; no line at all is nothing measured, so not met."""
    match result:
        case CannotRun():
            return "cannot run here"
        case Measured(lines=lines):
            return "met" if lines and all(line.met for line in lines) else "not met"
