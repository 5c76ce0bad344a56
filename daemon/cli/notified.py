"""What `status` and `doctor` say of those that people are told of something by."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from daemon.cli.exits import Exit
from daemon.cli.finding import Finding, bad
from daemon.notifying.memory import recall
from daemon.notifying.secret import SecretError, read_secret
from daemon.outside import Outside
from policy.rules.model import Policy


def notified(outside: Outside, policy: Policy | None) -> Iterator[Finding]:
    """Yield what is right and wrong with each destination; a missing one keeps no work waiting."""
    rows = notify_rows(outside).items()
    troubled = {name: str(row["said"]) for name, row in rows if row["why"] or row["given_up"]}
    named = {rule.to for rule in policy.notifications} if policy is not None else set()
    for name, destination in outside.host.notify.items():
        what = f"{name} ({destination.kind})"
        try:
            read_secret(Path(destination.secret_file), outside.credentials)
        except SecretError as error:
            yield bad("notify", f"{what}: {error}", "mend it: nobody is told", Exit.ENVIRONMENT)
            continue
        if name in troubled:
            then = "mend it where it leads; what waits is sent again by itself"
            yield bad("notify", f"{what}: {troubled[name]}", then, Exit.ENVIRONMENT)
        elif name not in named:
            said = f"{what}: the policy's `notifications` tell it nothing"
            yield Finding("notify", "note", said, f"add `- to: {name}` there")
        else:
            yield Finding("notify", "good", what)
    for name in sorted(named - outside.host.notify.keys()):
        said = f"{name}: the policy's `notifications` are to it, the host file does not know it"
        yield Finding("notify", "note", said, f"add `notify: {{{name}: ...}}` to the host file")


def notify_rows(outside: Outside) -> dict[str, dict[str, object]]:
    """Return each destination that does not go well, or that something waits for; *said* is why."""
    memory = recall(outside.state)
    rows: dict[str, dict[str, object]] = {}
    for name in outside.host.notify:
        trouble = memory.troubles.get(name)
        row: dict[str, object] = {
            "why": trouble and trouble.why,
            "failing_since": trouble and trouble.since,
            "waiting": sum(one.to == name for one in memory.outbox),
            "given_up": trouble.given_up if trouble else 0,
            "omitted": memory.told.omitted.get(name, 0),
        }
        if any(row.values()):
            rows[name] = {**row, "said": "; ".join(_words(row))}
    return rows


def _words(row: Mapping[str, object]) -> Iterator[str]:
    if row["why"]:
        yield f"failing since {row['failing_since']}: {row['why']}"
    for count, words in (
        ("waiting", "wait to be sent"),
        ("given_up", "given up"),
        ("omitted", "not sent, being too many an hour"),
    ):
        if row[count]:
            yield f"{row[count]} {words}"
