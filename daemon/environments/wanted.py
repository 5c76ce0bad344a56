"""Which environments are wanted at a tree: what the policy declares, with the key it has there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from daemon.environments.store import Environments
from gitops.observe import entry_at
from gitops.repository import Store
from policy.bus.operation import Furnished
from policy.furnishing import KeyFile, key_of
from policy.ids import Digest, TreeId
from policy.mission.world import Unprepared
from policy.rules.environments import Environment
from policy.rules.model import Policy


@dataclass(frozen=True)
class Wanted:
    """An environment as *policy* declares it, over the key files of one tree."""

    name: str
    key: Digest
    spec: Environment
    files: tuple[KeyFile, ...]
    policy: Policy


@dataclass(frozen=True)
class Asking:
    """What keys depend on beside the repository. *allowed* is the host file's egress."""

    host: Digest
    allowed: tuple[str, ...]


def wanted(
    store: Store, tree: TreeId, names: Iterable[str], policy: Policy, asking: Asking
) -> Iterator[Wanted]:
    """Yield each of *names*, which the policy declares, as wanted at *tree*."""
    for name in names:
        spec = policy.environments[name]
        files = tuple(_key_file(store, tree, path) for path in sorted(spec.key_files))
        key = key_of(spec, files, host=asking.host, allowed=asking.allowed)
        yield Wanted(name, key, spec, files, policy)


def furnish(
    environments: Environments, all_of: Iterable[Wanted]
) -> dict[str, Furnished] | Unprepared:
    """Return what is there for *all_of*, or the first that is not."""
    found: dict[str, Furnished] = {}
    for each in all_of:
        about = environments.find(each.key)
        if about is None:
            return _unprepared(environments, each)
        found[each.name] = about.furnished
    return found


def _unprepared(environments: Environments, missing: Wanted) -> Unprepared:
    failure = environments.failure(missing.key)
    if failure is None:
        return Unprepared(name=missing.name, key=missing.key)
    return Unprepared(
        name=missing.name,
        key=missing.key,
        failures=failure.failures,
        failure=failure.failure,
        why=failure.why,
        at=failure.at,
    )


def _key_file(store: Store, tree: TreeId, path: str) -> KeyFile:
    mode, oid = entry_at(store, tree, path) or (0, None)
    return KeyFile(path=path, mode=mode, oid=oid)
