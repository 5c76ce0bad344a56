"""Records that stand for another run: of an equal gate, on equal trees, in an equal environment.

A target that moved by a permission or by `.pawl/PAUSE` leaves the product as it was (DESIGN 8.6).
Only a pass is adopted: what barred is asked again, for it may be the run that was at fault.
"""

from collections.abc import Iterable

from policy.gates.verdict import Passed, Record
from policy.ids import Digest, GateName, TreeId
from policy.rules.model import Policy
from policy.value import Value


class Subject(Value):
    """All that a gate's verdict is of, beside its definition."""

    product: TreeId
    base: TreeId
    """The product of the commit the candidate is built on."""
    n: int
    """The attempt, and with it the mission's own diff."""
    environment: Digest


class Earlier(Value):
    """A judgement of this mission that is recorded."""

    subject: Subject
    records: tuple[Record, ...]


def adopted(
    gate: GateName,
    definition: Digest,
    subject: Subject,
    *,
    policy: Policy,
    earlier: Iterable[Earlier],
) -> Record | None:
    """Return the newest of the *earlier* records, oldest first, if it may stand for a run now."""
    alone = _reads_the_product_alone(gate, policy)
    same = [
        record
        for one in earlier
        if _equal(one.subject, subject, alone=alone)
        for record in one.records
        if (record.gate, record.definition) == (gate, definition)
    ]
    if not same or not isinstance(same[-1].verdict, Passed):
        return None
    return same[-1].model_copy(update={"source": "adopted"})


def _equal(one: Subject, other: Subject, *, alone: bool) -> bool:
    if alone:
        return (one.product, one.environment) == (other.product, other.environment)
    return one == other


def _reads_the_product_alone(gate: GateName, policy: Policy) -> bool:
    if gate in ("tests", "done"):
        return True
    command = next((one for one in policy.gates if one.name == gate), None)
    return command is not None and not command.baseline and command.tests_from == "candidate"
