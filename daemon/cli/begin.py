"""The command `init`: what it prints when a repository is served."""

import os
from pathlib import Path

from daemon.cli import output
from daemon.cli.adopt import adopt
from daemon.cli.exits import Exit
from daemon.cli.init import Initialised, as_shipped, initialise
from daemon.cli.place import open_place
from daemon.cli.toolchains import detect
from gitops.person import Person
from policy.ids import CommitId
from policy.people.trust import Mode


def run(
    start: Path,
    *,
    one_person: bool,
    introduction: str | None,
    daemon_key: str | None,
    peers: tuple[str, ...] = (),
    as_json: bool,
) -> Exit:
    place = open_place(start)
    person = Person(place.gitdir, os.environ)
    mode: Mode = "one-person" if one_person else "signed"
    if introduction is None:
        begin = as_shipped(person, one_person=one_person)
        done = initialise(place, person, mode, begin, detect)
    else:
        done = adopt(
            place,
            person,
            mode,
            introduction=CommitId(introduction),
            daemon_key=daemon_key,
            peers=peers,
        )
    if as_json:
        output.dump(as_object(done))
    else:
        _tell(done, adopted=introduction is not None)
    return Exit.OK


def as_object(done: Initialised) -> dict[str, object]:
    """Return the answer of `init --json`."""
    return {
        "schema": 1,
        "name": done.outside.name,
        "target": done.checkout.branch,
        "introduction": done.introduction,
        "tip": done.tip,
        "mode": done.outside.trust.mode,
        "daemon_key": done.outside.trust.daemon_key,
        "config": str(done.outside.config),
        "state": str(done.outside.state),
        "mounts": list(done.outside.host.mounts),
    }


def _tell(done: Initialised, *, adopted: bool) -> None:
    did = "adopted" if adopted else "initialised"
    output.say(
        f"{did} {done.checkout.path}, branch {done.checkout.branch}",
        f"  introduction  {done.introduction}   what came before is not judged; keep this id",
        f"  trust file    {done.outside.config / 'trust.yaml'} (mode {done.outside.trust.mode})",
        f"  host file     {done.outside.config / 'host.yaml'}",
        f"  state         {done.outside.state}",
    )
    for toolchain in done.toolchains:
        output.say(f"  toolchain     {toolchain.name}")
    for mount in done.outside.host.mounts:
        output.say(f"  mounted       {mount} (read-only, in every sandbox)")
    for name, value in done.outside.host.env.items():
        output.say(f"  set           {name}={value}")
    if not done.toolchains:
        output.say("  toolchain     none found beside /usr; `mounts` in the host file adds one")
    if adopted and done.outside.key.exists():
        output.say(
            f"  daemon key    {done.outside.trust.daemon_key}",
            "next: in a clone, name the hub in the host file (`remote`: docs/hub.md), and have the "
            "daemons of other hosts believe this key: `peers` in their trust files",
        )
    elif adopted:
        output.say("next: `git fetch`, then `pawl status`")
    else:
        output.say("next: edit backlog/HELLO-1.yaml if you like, then `pawl once`")
