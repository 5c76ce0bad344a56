"""What the bus asks of an operation before any engine runs. The first "no" is the answer.

Default deny: an operation needs a capability for what it does, and has those it was granted.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import PurePosixPath

from policy.bus.operation import Operation
from policy.bus.result import Denied

Capability = str
"""`proc.exec`: run a process; `proc.exec:shell`: any text as one; `work.write`: keep changes;
`net.connect`: reach hosts through the proxy."""

COMMITTED = frozenset({"proc.exec", "proc.exec:shell", "work.write"})
"""Granted where a person committed the argv as it is: an item, a gate of the policy, an adapter."""

CONNECTED = COMMITTED | {"net.connect"}
"""Granted where a person committed the hosts as well."""

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "busybox", "csh", "tcsh"})
_RUNS_ANOTHER = frozenset({"env", "nice", "nohup", "setsid", "stdbuf", "timeout", "xargs"})
_LONGEST_ARGUMENT = 128 * 1024 - 1  # the kernel's MAX_ARG_STRLEN
_FOR_A_MISSION = frozenset({"builder", "verification", "gate"})


def refusal(operation: Operation, granted: frozenset[Capability]) -> Denied | None:
    """Return the first check that says no, of those that need nothing but the envelope."""
    problems = chain(
        (Denied(check="G-SCHEMA", why=why) for why in _malformed(operation)),
        (Denied(check="G-CAP", why=why) for why in _uncovered(operation, granted)),
        (Denied(check="G-PROVENANCE", why=why) for why in _nobodys(operation)),
    )
    return next(problems, None)


def needed(operation: Operation) -> frozenset[Capability]:
    """Return the capabilities *operation* cannot do without."""
    wanted = {"proc.exec"}
    if _is_shell(operation.argv):
        wanted.add("proc.exec:shell")
    if operation.changes == "kept":
        wanted.add("work.write")
    if operation.egress:
        wanted.add("net.connect")
    return frozenset(wanted)


def _is_shell(argv: tuple[str, ...]) -> bool:
    """Whether a shell is run, if behind `env` or the like: there any shell's name counts."""
    names = [PurePosixPath(word).name for word in argv]
    if names and names[0] in _RUNS_ANOTHER:
        return any(name in _SHELLS for name in names)
    return bool(names) and names[0] in _SHELLS


def _malformed(operation: Operation) -> Iterator[str]:
    if not operation.argv or not operation.argv[0]:
        yield "argv names no program"
    for word in operation.argv:
        if "\0" in word:
            yield f"argv has a word with a NUL: {word!r}"
        if len(word.encode("utf-8", "surrogateescape")) > _LONGEST_ARGUMENT:
            yield f"argv has a word of more than {_LONGEST_ARGUMENT} bytes; pass it in a file"
    for name, value in operation.env:
        if not name or "=" in name or "\0" in name + value:
            yield f"env has an impossible entry: {name!r}={value!r}"
    place = PurePosixPath(operation.cwd)
    if place.is_absolute() or ".." in place.parts or "\0" in operation.cwd:
        yield f"cwd leaves the work tree: {operation.cwd!r}"
    for name, limit in operation.limits:
        if limit is not None and not limit > 0:
            yield f"limits: {name} must be above 0, not {limit}"


def _uncovered(operation: Operation, granted: frozenset[Capability]) -> Iterator[str]:
    for capability in sorted(needed(operation) - granted):
        yield f"{list(operation.argv)} needs {capability}, which nobody granted"


def _nobodys(operation: Operation) -> Iterator[str]:
    if operation.mission is None and operation.role in _FOR_A_MISSION:
        yield f"a {operation.role} runs for a mission, and none is named"
