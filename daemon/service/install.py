"""Installing: what is wanted is worked out and shown first; carrying it out repeats harmlessly.

Everything that can be refused is refused before anything is written.
"""

import os
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.outside import HOST_FILE
from daemon.service import account as accounts
from daemon.service import moving, sharing, systemctl, unit
from daemon.service.account import Account
from daemon.service.moving import Move
from daemon.service.unit import Instance

USER = "pawl"


@dataclass(frozen=True)
class Plan:
    instance: Instance
    move: Move
    gitdir: Path
    bare: bool
    account: Account | None
    """None: it is to be made."""

    @property
    def files(self) -> dict[Path, str]:
        return unit.files(self.instance)


@dataclass(frozen=True)
class Unfit:
    """Why it cannot be installed as asked. One line a reason, each with what to do."""

    why: tuple[str, ...]


def plan(
    move: Move, *, name: str, user: str | None, group: str | None, bare: bool, worktree: Path | None
) -> Plan | Unfit:
    """Return what installing as the service *name* means.

    *user* and *group*, where None, are those it is installed with.
    """
    outside = move.was
    user = user or unit.setting(name, "User") or USER
    group = group or unit.setting(name, "SupplementaryGroups")
    gitdir = Path(outside.host.git_dir)
    command = own_command()
    try:
        account = accounts.find(user, group)
    except KeyError:
        return Unfit((f"there is no group {group}; make it: groupadd {group}",))
    if account is not None and account.uid == 0:
        return Unfit((f"{user} is root; a service of pawl runs as a user that is nobody else",))
    instance = Instance(
        name=name,
        command=command,
        user=user,
        group=group,
        writable=(gitdir, *([worktree] if worktree else ())),
        readable=(Path(command[0]), Path(sys.base_prefix), *map(Path, outside.host.mounts)),
        stop_s=outside.host.stop_s,
        systemd=systemctl.version(),
    )
    unseen = unit.unseen(instance)
    if unseen:
        return Unfit(tuple(f"the service does not see {path}: {_OWN_TMP}" for path in unseen))
    return Plan(instance, move, gitdir, bare, account)


_OWN_TMP = (
    "its /tmp and /var/tmp are its own (PrivateTmp=); have a repository in /srv, pawl in /opt, "
    "toolchains where they stay"
)


def own_command() -> tuple[str, ...]:
    """Return how this very pawl is called: its script in the environment it is installed in."""
    script = Path(sysconfig.get_path("scripts")) / "pawl"
    return (str(script),) if os.access(script, os.X_OK) else (sys.executable, "-m", "daemon")


def prepare(wanted: Plan) -> Account:
    """Make the user, and give it the repository where that was asked for."""
    group, user = wanted.instance.group, wanted.instance.user
    account = wanted.account
    if account is None:
        accounts.create(user)
        account = accounts.find(user, group)
    if account is None:
        raise OSError(f"there still is no user {user}")
    if wanted.bare and group is not None:
        sharing.share(wanted.gitdir, account, group)
    return account


def unfit(wanted: Plan, account: Account) -> Iterator[str]:
    """Yield what the user cannot do that the service has to do."""
    user = wanted.instance.user
    called = account.asks(*wanted.instance.command, "--help")
    if called.returncode != 0:
        yield (
            f"the user {user} cannot run {' '.join(wanted.instance.command)}: "
            f"{_last(called.stderr)}; install pawl where everybody can read it, in /opt/pawl for "
            "instance, and run that one's `pawl service install`"
        )
    for path in wanted.instance.writable:
        found = account.cannot_write(path)
        if found is not None:
            mend = "--share GROUP hands it over" if wanted.bare else f"chown -R {user}: {path}"
            yield f"the user {user} cannot write {found}; {mend}"
    for path in account.cannot_read([Path(mount) for mount in wanted.move.was.host.mounts]):
        yield (
            f"the user {user} cannot read {path}, which the host file mounts; put that toolchain "
            f"where everybody can read it, or take it out of {wanted.move.was.config / HOST_FILE}"
        )


def _last(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


@dataclass(frozen=True)
class Written:
    changed: tuple[Path, ...]
    kept: tuple[Path, ...]
    """What somebody had edited, put aside."""


def write(wanted: Plan, account: Account) -> Written:
    """Move what lies outside the repository and write the unit; systemd is not told yet."""
    moving.carry_out(wanted.move, account)
    changed, kept = [], []
    for path, content in wanted.files.items():
        before = path.read_text() if path.exists() else None
        if before == content:
            continue
        if before is not None and not unit.is_untouched(before):
            aside = path.with_name(f"{path.name}.edited")
            path.replace(aside)
            kept.append(aside)
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(content)
        new.chmod(0o644)
        new.replace(path)
        changed.append(path)
    return Written(tuple(changed), tuple(kept))


def start(wanted: Plan, written: Written, *, now: bool) -> None:
    """Have systemd read what was written; enable it and, if *now*, see to it that it runs so."""
    name = wanted.instance.unit
    systemctl.tell("daemon-reload")
    systemctl.tell("enable", name)
    if not now:
        return
    running = systemctl.show(name, "ActiveState").get("ActiveState") == "active"
    if written.changed or not running:
        systemctl.tell("reset-failed", name)
        systemctl.tell("restart", name)
