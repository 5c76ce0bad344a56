"""Every exit code, and every way a command ends early. Nowhere else is an exit number spelled."""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from policy.rules.outcomes import Outcome


class Exit(IntEnum):
    """DESIGN 10."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    INVALID = 3
    """Configuration or backlog."""
    NOT_FOUND = 4
    GIT = 5
    BLOCKED = 6
    ASKED = 7
    """ESCALATION_REQUESTED or APPROVAL_REQUESTED."""
    WAIVER = 8
    ENVIRONMENT = 9
    """Broken, or a landing is held."""
    AUDIT = 10
    CANCELLED = 12
    LOCKED = 75


class RefusedError(Exception):
    """A command cannot do what was asked. Says what was attempted, on what, why, what to do.

    *attempted* is empty where *why* says that as well.
    """

    def __init__(
        self, code: Exit, *, attempted: str, on: str, why: str | Iterable[str], then: str
    ) -> None:
        self.code = code
        self.attempted = attempted
        self.on = on
        self.why = (why,) if isinstance(why, str) else tuple(why)
        self.then = then
        super().__init__(self.text())

    def text(self) -> str:
        """Return the message as a person reads it."""
        if not self.attempted:
            return f"pawl: {'; '.join(self.why)}\n      {self.then}"
        if len(self.why) == 1:
            return f"pawl: cannot {self.attempted} {self.on}: {self.why[0]}\n      {self.then}"
        lines = [f"pawl: cannot {self.attempted} {self.on}:", *(f"  - {why}" for why in self.why)]
        return "\n".join([*lines, f"      {self.then}"])

    def as_json(self) -> Mapping[str, object]:
        """Return the message as `--json` shows it."""
        return {
            "schema": 1,
            "error": {
                "code": int(self.code),
                "attempted": self.attempted,
                "on": self.on,
                "why": list(self.why),
                "then": self.then,
            },
        }


_ORDER = (
    Exit.LOCKED,
    Exit.INVALID,
    Exit.ENVIRONMENT,
    Exit.GIT,
    Exit.ASKED,
    Exit.WAIVER,
    Exit.BLOCKED,
    Exit.CANCELLED,
    Exit.OK,
)
"""`once` over several missions ends with the first of these that applies; so does `doctor`."""


def of_mission(outcome: Outcome | None) -> Exit:
    """Return the exit code one mission alone would give; None: it has not ended."""
    match outcome:
        case None:
            return Exit.ENVIRONMENT
        case "PASS":
            return Exit.OK
        case "BLOCKED":
            return Exit.BLOCKED
        case "CANCELLED":
            return Exit.CANCELLED
        case "ESCALATION_REQUESTED" | "APPROVAL_REQUESTED":
            return Exit.ASKED
        case "WAIVER_REQUESTED":
            return Exit.WAIVER


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the code that stands for all of *codes*."""
    found = set(codes)
    return next((code for code in _ORDER if code in found), Exit.OK)
