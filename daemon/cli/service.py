"""The commands `service install|uninstall|status|reload`: what they refuse, and what they print."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.place import Place, open_place
from daemon.outside import Absent, Outside, Roots, Unsound, find
from daemon.service import account as accounts
from daemon.service import install, removing, systemctl, unit
from daemon.service.install import Plan, Unfit, Written
from daemon.service.moving import HostFileError, Move
from daemon.service.reloading import NotReloadedError
from daemon.service.reloading import reload as reload_daemon
from daemon.service.systemctl import SystemdError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def install_service(
    start: Path,
    name: str | None,
    *,
    user: str | None,
    group: str | None,
    now: bool,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    """Have systemd serve the repository *start* is in."""
    place = open_place(start)
    wanted = _plan(place, name, user=user, group=group)
    if dry_run:
        _show_plan(wanted, as_json=as_json)
        return Exit.OK
    _able("install", wanted.instance.unit)
    written = _carry_out(wanted, now=now)
    _show_written(wanted, written, now=now, as_json=as_json)
    return Exit.OK


def _plan(place: Place, name: str | None, *, user: str | None, group: str | None) -> Plan:
    move = _move(place, name)
    bare = place.store.repo.is_bare
    if group is not None and not bare:
        raise _refused(place, "--share is for a bare repository; this one has a checkout", _HUB)
    worktree = place.gitdir.parent if place.gitdir.name == ".git" else None
    called = move.config.name
    wanted = install.plan(move, name=called, user=user, group=group, bare=bare, worktree=worktree)
    if isinstance(wanted, Unfit):
        raise _refused(place, wanted.why, "Nothing was changed.")
    return wanted


_HUB = "Serve a hub: git clone --bare, and let people push to that."


def _move(place: Place, name: str | None) -> Move:
    """Return where what lies outside comes from, and where it goes."""
    own = find(place.gitdir, Roots(unit.CONFIG, unit.STATE))
    init = place.outside
    if isinstance(own, Absent) and isinstance(init, Absent):
        raise _refused(place, init.why, "Run `pawl init` here first, as root.")
    if isinstance(own, Unsound):
        raise _refused(place, own.problems, f"Mend what lies in {own.config}.")
    if isinstance(own, Absent) and isinstance(init, Unsound):
        raise _refused(place, init.problems, f"Mend what lies in {init.config}.")
    old = init if isinstance(init, Outside) and init.config.parent != unit.CONFIG else None
    was = own if isinstance(own, Outside) else old
    if was is None:
        raise _refused(place, "nothing outside says whom to believe", "Run `pawl init` here first.")
    if old is not None and old.trust != was.trust:
        why = f"{old.config} and {was.config} both are about it and do not say the same"
        raise _refused(place, why, "Look at both trust files, and remove the wrong folder.")
    called = name or was.name
    if not _NAME.fullmatch(called):
        raise _refused(place, f"{called!r} is no name of a service", "Letters, digits, . _ - only.")
    if isinstance(own, Outside) and own.name != called:
        why = f"it is served as {own.name} already"
        raise _refused(place, why, f"`pawl service uninstall {own.name}` first, or leave NAME out.")
    return Move(was, old, unit.CONFIG / called, unit.STATE / called)


def _carry_out(wanted: Plan, *, now: bool) -> Written:
    name = wanted.instance.unit
    try:
        user = install.prepare(wanted)
        why = tuple(install.unfit(wanted, user))
        if why:
            raise RefusedError(
                Exit.INVALID,
                attempted="install",
                on=name,
                why=why,
                then="Mend that, then run it again; nothing else was written.",
            )
        written = install.write(wanted, user)
        install.start(wanted, written, now=now)
    except (OSError, SystemdError, HostFileError) as error:
        raise RefusedError(
            Exit.INVALID if isinstance(error, HostFileError) else Exit.ENVIRONMENT,
            attempted="install",
            on=name,
            why=str(error),
            then=f"`journalctl -u {name} -n 20` tells more; running it again goes on.",
        ) from error
    return written


def _able(attempted: str, on: str) -> None:
    """Refuse where there is no systemd, or where only root may do it."""
    if not systemctl.is_booted():
        raise RefusedError(
            Exit.ENVIRONMENT,
            attempted=attempted,
            on=on,
            why="systemd does not run this host",
            then="Have what does run it start `pawl run`; it ends well on SIGTERM.",
        )
    if os.geteuid() != 0:
        raise RefusedError(
            Exit.ENVIRONMENT,
            attempted=attempted,
            on=on,
            why="only root may",
            then="Run it again with sudo, or as root.",
        )


def _refused(place: Place, why: str | tuple[str, ...], then: str) -> RefusedError:
    on = str(place.gitdir)
    return RefusedError(Exit.INVALID, attempted="install a service for", on=on, why=why, then=then)


def _show_plan(wanted: Plan, *, as_json: bool) -> None:
    steps = tuple(_steps(wanted))
    if as_json:
        files = {str(path): content for path, content in wanted.files.items()}
        output.dump({**_base(wanted), "dry_run": True, "steps": list(steps), "files": files})
        return
    output.say(*steps)
    for path, content in wanted.files.items():
        output.say("", f"--- {path}", content.rstrip())


def _steps(wanted: Plan) -> Iterator[str]:
    """Yield what would be done, as a person would type it."""
    made, move = wanted.instance, wanted.move
    if wanted.account is None:
        yield " ".join(accounts.creation(made.user))
    if made.group is not None:
        yield f"chown -R {made.user}:{made.group} {wanted.gitdir}; chmod -R g+rwX, g+s its folders"
        yield f"git config --system --add safe.directory {wanted.gitdir}"
    if move.old is not None:
        yield f"move {move.old.config} to {move.config}; the key stays root's, mode 0600"
        yield f"move {move.old.state} to {move.state}"
    for path in wanted.files:
        yield f"write {path}"
    yield f"systemctl daemon-reload; systemctl enable --now {made.unit}"


def _base(wanted: Plan) -> dict[str, object]:
    made = wanted.instance
    return {
        "schema": 1,
        "name": made.name,
        "unit": made.unit,
        "user": made.user,
        "group": made.group,
        "git_dir": str(wanted.gitdir),
        "config": str(wanted.move.config),
        "state": str(wanted.move.state),
    }


def _show_written(wanted: Plan, written: Written, *, now: bool, as_json: bool) -> None:
    if as_json:
        output.dump(
            {
                **_base(wanted),
                "changed": [str(path) for path in written.changed],
                "kept": [str(path) for path in written.kept],
                "started": now,
            }
        )
        return
    made = wanted.instance
    output.say(f"installed {made.unit}: serves {wanted.gitdir} as the user {made.user}")
    for path in written.changed:
        output.say(f"  wrote         {path}")
    for path in written.kept:
        output.say(f"  put aside     {path}: it had been edited; `systemctl edit` is for that")
    output.say(
        f"  configuration {wanted.move.config}",
        f"  state         {wanted.move.state}",
        f"next: `pawl service status {made.name}`, `journalctl -u {made.unit} -f`"
        if now
        else f"next: `systemctl start {made.unit}`",
    )


def uninstall_service(name: str, *, purge: bool, dry_run: bool, as_json: bool) -> Exit:
    """Take *name* from systemd; with *purge* also its configuration, key and state."""
    known = unit.folder_of(name).exists() or (purge and (unit.CONFIG / name).exists())
    if not _NAME.fullmatch(name) or not known:
        raise _unknown("uninstall", name)
    gone = removing.leftovers(name, purge=purge)
    if not dry_run:
        _able("uninstall", unit.unit_of(name))
        try:
            gone = removing.remove(name, purge=purge)
        except (OSError, SystemdError) as error:
            raise RefusedError(
                Exit.ENVIRONMENT,
                attempted="uninstall",
                on=unit.unit_of(name),
                why=str(error),
                then="Mend that, then run it again; it goes on where it stopped.",
            ) from error
    kept = [path for path in (unit.CONFIG / name, unit.STATE / name) if path.exists()]
    kept = [path for path in kept if path not in gone]
    if as_json:
        row = {"name": name, "dry_run": dry_run, "removed": [*map(str, gone)]}
        output.dump({"schema": 1, **row, "kept": [*map(str, kept)]})
        return Exit.OK
    output.say(*(f"{'would remove' if dry_run else 'removed'} {path}" for path in gone))
    output.say(*(f"kept {path} (--purge removes it)" for path in kept))
    return Exit.OK


def _unknown(attempted: str, name: str) -> RefusedError:
    there = ", ".join(removing.installed()) or "none"
    return RefusedError(
        Exit.NOT_FOUND,
        attempted=attempted,
        on=f"the service {name!r}",
        why="it is not installed",
        then=f"Installed: {there}.",
    )


def reload_service(name: str, *, pid: int | None, environ: Mapping[str, str]) -> Exit:
    """Return when the daemon has read everything anew; without *pid*, systemd is asked to do it."""
    if not _NAME.fullmatch(name):
        raise _unknown("reload", name)
    try:
        if pid is None:
            systemctl.tell("reload", unit.unit_of(name))
        else:
            reload_daemon(Path(environ.get("PAWL_STATE_DIR", str(unit.STATE)), name), pid)
    except (OSError, SystemdError, NotReloadedError) as error:
        raise RefusedError(
            Exit.ENVIRONMENT,
            attempted="reload",
            on=unit.unit_of(name),
            why=str(error),
            then=f"`pawl service status {name}` tells how it is.",
        ) from error
    return Exit.OK
