"""What recovery found at start, each with a sentence for a person."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Healed:
    """Something a kill or a power loss had left was put right; nothing was lost."""

    where: str
    what: str


@dataclass(frozen=True)
class NeedsPerson:
    """Left as it is: putting it right could lose somebody's work. *what* says what to do."""

    where: str
    what: str


@dataclass(frozen=True)
class Doubt:
    """Something recorded is damaged or gone: nothing lands until a person has looked."""

    where: str
    what: str


Finding = Healed | NeedsPerson | Doubt
