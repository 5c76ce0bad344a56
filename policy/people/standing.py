"""Standing waivers: failures of a gate's tests that people have said are known, for a time.

Where a gate says `known_failures: waiver`, the ids come from these instead of from the policy file,
and from nowhere else. They are part of what the gate is: when one ends, what was said under it is
said of another gate.
"""

from collections.abc import Iterable

from policy.ids import BlobId, GateName
from policy.rules.model import Policy
from policy.value import Value


class Standing(Value):
    """A standing waiver that holds now."""

    permission: BlobId
    gate: GateName
    tests: tuple[str, ...]


def asking(policy: Policy) -> tuple[GateName, ...]:
    """Return the gates whose known failures people say."""
    return tuple(gate.name for gate in policy.gates if gate.known_failures == "waiver")


def with_standing(policy: Policy, standing: Iterable[Standing]) -> Policy:
    """Return *policy* with the ids that *standing* names in their gates."""
    asked = set(asking(policy))
    if not asked:
        return policy
    tests: dict[GateName, set[str]] = {gate: set() for gate in asked}
    for one in standing:
        tests[one.gate].update(one.tests)
    gates = tuple(
        gate.model_copy(update={"known_failures": tuple(sorted(tests[gate.name]))})
        if gate.name in asked
        else gate
        for gate in policy.gates
    )
    return policy.model_copy(update={"gates": gates})
