"""Whether the gates together let a candidate through. Derived, never stored."""

from collections.abc import Collection, Iterable
from typing import Literal

from policy.gates.verdict import Broken, Failed, Passed, Record
from policy.ids import GateName
from policy.value import Value


class Cleared(Value):
    kind: Literal["cleared"] = "cleared"


class Barred(Value):
    """*records* are those that bar, in the order they were judged: the first gives the reason."""

    kind: Literal["barred"] = "barred"
    records: tuple[Record, ...]


class Unheard(Value):
    """Required gates that have not spoken: silence is never consent."""

    kind: Literal["unheard"] = "unheard"
    gates: tuple[GateName, ...]


Ruling = Cleared | Barred | Unheard


def rule(
    required: Iterable[GateName], records: Iterable[Record], waived: Collection[GateName] = ()
) -> Ruling:
    """Return what the required gates' *records* amount to; *waived* ones bar nothing.

    A gate that failed outranks one that is silent: nothing a later gate says could clear the
    candidate, so gates after the first failure need not run. With no required gate at all
    nothing is cleared (P-48: no vacuous pass). A waived gate has to be heard like any other.
    """
    needed = tuple(dict.fromkeys(required))
    heard = {record.gate: record for record in records}
    asked = set(needed) - set(waived)
    barring = tuple(heard[gate] for gate in heard if gate in asked and _bars(heard[gate]))
    if barring:
        return Barred(records=barring)
    silent = tuple(gate for gate in needed if gate not in heard)
    if silent or not needed:
        return Unheard(gates=silent)
    return Cleared()


def _bars(record: Record) -> bool:
    match record.verdict:
        case Passed():
            return False
        case Failed() | Broken():
            return True
