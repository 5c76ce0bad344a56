"""What `doctor` says of environments: which are built, and why the last build of one failed."""

from collections.abc import Iterator

from daemon.bus.door import door_of
from daemon.cli.exits import Exit
from daemon.cli.finding import Finding, bad
from daemon.cli.place import Place, policy_at
from daemon.clock import rfc3339
from daemon.environments.store import Environments, Failure
from daemon.environments.wanted import Asking, Wanted, wanted
from daemon.outside import Outside
from gitops.observe import Tip
from policy.egress import rules
from policy.problems import Unreadable

_LINES = 3
"""Of what a failed command printed last; all that was kept is in the file the finding names."""


def environments(place: Place, outside: Outside, tip: Tip) -> Iterator[Finding]:
    """Yield what is there of each environment the policy at *tip* declares."""
    effective = policy_at(place, tip.tree)
    if isinstance(effective, Unreadable):
        return
    policy, door = effective.policy, door_of(outside, place.store)
    asking = Asking(door.environment(), outside.host.egress)
    for each in wanted(place.store, tip.tree, sorted(policy.environments), policy, asking):
        yield from _one(door.environments, each, outside)


def _one(kept: Environments, each: Wanted, outside: Outside) -> Iterator[Finding]:
    refused = rules(each.spec.egress, outside.host.egress).unlisted
    if refused:
        said = f"{each.name}: asks for {', '.join(sorted(map(str, refused)))}, not allowed here"
        yield bad("environment", said, "add it to `egress` in the host file", Exit.ENVIRONMENT)
    failure, about = kept.failure(each.key), kept.find(each.key)
    if about is not None:
        size = f"{about.files} files, {about.bytes // 1024**2} MiB"
        said = f"{each.name}: {size}, built {about.built_at} ({about.key[:12]})"
        yield Finding("environment", "good", said)
    elif failure is not None:
        yield _failed(kept, failure)
    else:
        said = f"{each.name}: is built when the first mission needs it"
        yield Finding("environment", "note", said)


def _failed(kept: Environments, failure: Failure) -> Finding:
    said = (
        f"{failure.name}: could not be built ({failure.failure}, {failure.failures} times, last "
        f"{rfc3339(failure.at)}): {failure.why}"
    )
    last = " | ".join(failure.output.splitlines()[-_LINES:])
    then = f"its last words: {last}; all of them: {kept.failed_file(failure.key)}"
    return bad("environment", said, then, Exit.ENVIRONMENT)
