"""Which gates a candidate needs, and what each of them is.

A gate's definition is a digest of all that decides what it says, apart from the tree: two records
of one gate may stand for each other only where definition, product and environment are equal.
Everything here comes from the base commit's policy and item, never from the candidate (F109).
"""

from collections.abc import Iterable

from policy.backlog.item import BacklogItem
from policy.canonical import digest
from policy.change import NO_CHANGE
from policy.gates.limits import within
from policy.gates.protected import protected_globs
from policy.ids import ChangeId, Digest, GateName
from policy.rules.asking import When
from policy.rules.gates import BUILT_IN_GATES, GateCommand
from policy.rules.model import Policy

OF_THE_CHANGE = frozenset({"scope", "protected", "limits", "secrets"})
"""Gates that read the mission's own diff and nothing else: they say the same on every base."""
EVALUATOR = 1
"""Raised whenever a gate means something else than it did: what was recorded before is void."""


def required(
    item: BacklogItem, policy: Policy, change: ChangeId | None = None
) -> tuple[GateName, ...]:
    """Return the gates a candidate of *item* needs, in judging order: cheap and certain first.

    *change* is the candidate's. Where it is empty the target has the mission's work already, by
    somebody else's hand: every gate is asked about it, but it cannot be red before.
    """
    left_out = set()
    expected_red = item.kind in policy.red_first.kinds and item.expect_base == "fail"
    if not expected_red or change == NO_CHANGE:
        left_out.add("red_first")
    if not item.done_when:
        left_out.add("done")
    built_in = (GateName(name) for name in BUILT_IN_GATES if name not in left_out)
    return (*built_in, *(gate.name for gate in commands(item, policy)))


def commands(item: BacklogItem, policy: Policy) -> tuple[GateCommand, ...]:
    """Return the command gates whose `when` matches *item*, in policy's order."""
    return tuple(gate for gate in policy.gates if _applies(gate.when, item))


def definitions(
    item: BacklogItem, policy: Policy, change: ChangeId | None = None
) -> dict[GateName, Digest]:
    """Return the definition of each required gate."""
    return defined(required(item, policy, change), item, policy)


def defined(gates: Iterable[GateName], item: BacklogItem, policy: Policy) -> dict[GateName, Digest]:
    """Return the definition of each of *gates*: built in, or a command of the policy's."""
    parameters = {**_of_built_in(item, policy), **_of_commands(policy)}
    return {
        gate: digest({"gate": gate, "evaluator": EVALUATOR, "parameters": parameters[gate]})
        for gate in gates
    }


def after_landing(
    item: BacklogItem, policy: Policy, change: ChangeId, *, landing: bool, done: bool
) -> tuple[GateName, ...]:
    """Return the gates that judge the target after *item* has landed.

    *landing*: it is at the landing itself; else at what somebody built on it, or at a revert, of
    which the mission's own gates say nothing, but its tests while its item still is *done* there.
    """
    named = policy.after_landing.gates
    chosen = required(item, policy, change) if named == "all" else named
    if landing:
        return tuple(chosen)
    own = ("tests", "done") if done else ()
    there = {*(gate.name for gate in policy.gates), *own}
    return tuple(gate for gate in chosen if gate in there)


def for_repair(item: BacklogItem, policy: Policy, change: ChangeId | None) -> tuple[GateName, ...]:
    """Return the gates of an attempt to mend the target: red before is more than its tests now."""
    named = policy.after_landing.gates
    own = tuple(gate for gate in required(item, policy, change) if gate != "red_first")
    return tuple(dict.fromkeys((*own, *(() if named == "all" else named))))


def _applies(when: When, item: BacklogItem) -> bool:
    return item.risk in when.risk and item.kind in when.kind


def _of_built_in(item: BacklogItem, policy: Policy) -> dict[str, object]:
    tests = [one.model_dump(mode="json") for one in item.tests]
    process = policy.sandbox.gate.model_dump(mode="json")
    return {
        "scope": list(item.write_scope),
        "protected": list(protected_globs(policy)),
        "limits": [
            within(policy.budgets.mission, item.budget).changed_lines,
            within(policy.budgets.mission, item.budget).changed_files,
            sorted(file.path for file in item.files),
        ],
        "secrets": None,
        "tree": policy.sandbox.tree.model_dump(mode="json"),
        "red_first": [tests, list(policy.test_paths), process],
        "tests": [tests, process],
        "done": [[one.model_dump(mode="json") for one in item.done_when], process],
    }


def _of_commands(policy: Policy) -> dict[str, object]:
    process = policy.sandbox.gate.model_dump(mode="json")
    return {
        gate.name: [gate.model_dump(mode="json"), list(policy.test_paths), process]
        for gate in policy.gates
    }
