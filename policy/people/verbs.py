"""The commands people answer requests with, and the kinds of permission each of them writes."""

from typing import Literal

from policy.people.needs import AnyNeed, answering
from policy.people.permission import Kind

Verb = Literal["approve", "reject", "resume", "grant", "abort"]
_KINDS: dict[Verb, frozenset[Kind]] = {
    "approve": frozenset({"approval", "waiver"}),
    "reject": frozenset({"rejection"}),
    "resume": frozenset({"resume"}),
    "grant": frozenset({"grant"}),
    "abort": frozenset({"abort"}),
}


def kind_of(verb: Verb, need: AnyNeed) -> Kind | None:
    """Return what *verb* writes to answer *need*; None where it does not answer it."""
    found = sorted(_KINDS[verb] & answering(need))
    return found[0] if found else None


def verbs_for(need: AnyNeed) -> tuple[Verb, ...]:
    """Return the commands that answer *need*, the likeliest first."""
    return tuple(verb for verb in _KINDS if kind_of(verb, need) is not None)
