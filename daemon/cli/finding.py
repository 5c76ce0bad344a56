"""What one look of `doctor` found."""

from dataclasses import dataclass
from typing import Literal

from daemon.cli.exits import Exit


@dataclass(frozen=True)
class Finding:
    """*then*: what to do about it; *code*: what it alone would exit with."""

    what: str
    verdict: Literal["good", "note", "bad"]
    said: str
    then: str = ""
    code: Exit = Exit.OK


def bad(what: str, said: str, then: str, code: Exit) -> Finding:
    return Finding(what, "bad", said, then, code)
