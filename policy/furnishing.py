"""Which environment a command runs in, and the key that says when two environments are one."""

from collections.abc import Iterable

from policy.backlog.item import BacklogItem
from policy.bus.operation import Furnished
from policy.canonical import digest
from policy.ids import Digest
from policy.rules.environments import NONE, Environment
from policy.rules.gates import GateCommand
from policy.rules.model import Policy
from policy.value import Value


class KeyFile(Value):
    """A key file as a tree has it; *oid* is None where it has none."""

    path: str
    mode: int
    oid: str | None


def of_policy(policy: Policy) -> str | None:
    """Return the environment of whatever names none, and of conditions."""
    return _named(policy.environment)


def of_item(item: BacklogItem, policy: Policy) -> str | None:
    """Return the environment of an item's builder and of its own verifications."""
    return _named(item.environment or policy.environment)


def of_gate(gate: GateCommand, policy: Policy) -> str | None:
    return _named(gate.environment or policy.environment)


def needed(item: BacklogItem, gates: Iterable[GateCommand], policy: Policy) -> tuple[str, ...]:
    """Return every environment a mission of *item* needs, sorted."""
    names = {of_item(item, policy), *(of_gate(gate, policy) for gate in gates)}
    return tuple(sorted(name for name in names if name is not None))


def key_of(
    spec: Environment, files: Iterable[KeyFile], *, host: Digest, allowed: Iterable[str]
) -> Digest:
    """Return the key: equal keys mean that another build would be the same build.

    *host* is the digest of what the host contributes to any run, with its mounts; *allowed* its
    egress. Limits are no part of it: they decide whether there is an environment, not which.
    """
    asked = spec.model_dump(mode="json", exclude={"limits", "timeout_s", "key_changes"})
    rows = sorted([each.path, each.mode, each.oid] for each in files)
    return digest([asked, rows, host, sorted(allowed) if spec.egress else []])


def environment_digest(host: Digest, furnished: Iterable[Furnished]) -> Digest:
    """Return what facts name: the host's share alone, or it and every environment used."""
    rows = sorted([each.name, each.key, each.contents] for each in furnished)
    return digest([host, rows]) if rows else host


def _named(name: str | None) -> str | None:
    return None if name == NONE else name
