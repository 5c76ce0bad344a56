"""Serving a repository: everything is built once, handed down, and taken apart again.

    with serving(outside) as daemon: run(daemon) or once(daemon)

The lock comes first and goes last: whatever else happens, nobody else works on this repository.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from daemon.bus.door import door_of
from daemon.clock import Clock, SystemClock
from daemon.health import write_health
from daemon.lock import single_instance
from daemon.loop import Daemon, Told, silent
from daemon.notify import Notify
from daemon.outside import Outside
from daemon.signals import Asked, listening
from daemon.site import Point, Site, nothing
from daemon.standing import Standing
from daemon.timers import Hints
from daemon.wake import Wake
from gitops import highwater, recovery, refs
from gitops.finding import Doubt, Finding, Healed, NeedsPerson
from gitops.highwater import HighWater
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.ids import CommitId, RefName

_log = structlog.get_logger()
_SYSTEM = SystemClock()


@dataclass(frozen=True)
class Serving:
    """A daemon that holds the lock of its repository."""

    daemon: Daemon
    site: Site
    wake: Wake


@contextmanager
def serving(
    outside: Outside,
    *,
    told: Told = silent,
    clock: Clock = _SYSTEM,
    point: Point = nothing,
) -> Iterator[Serving]:
    """Hold the lock, recover what a kill left, and build the daemon.

    Raises `LockedError`, `RepositoryRefusedError`, `KeyRefusedError` before anything is changed.
    """
    with single_instance(outside.state) as instance:
        gitdir = Path(outside.host.git_dir)
        target = refs.branch_ref(outside.trust.target)
        findings = [*_before_open(outside, gitdir, target, clock)]
        store = Store.open(gitdir, durability=outside.host.durability)
        findings += recovery.after_open(store, patience_s=outside.host.stop_s)
        site = Site(
            outside=outside,
            trust=outside.trust,
            target=target,
            store=store,
            key=DaemonKey.load(outside.key),
            door=door_of(outside, store),
            clock=clock,
            instance=instance,
            point=point,
        )
        wake = Wake()
        with structlog.contextvars.bound_contextvars(**_on_every_line(site)), site.door:
            daemon = Daemon(site, wake, told)
            _report(findings, daemon)
            try:
                yield Serving(daemon, site, wake)
            finally:
                daemon.close()


def _on_every_line(site: Site) -> dict[str, object]:
    """Return what each line of the log says: which holding of the lock, and that none signs."""
    mode = site.trust.mode
    unsigned = {"mode": mode} if mode == "unsigned-local" else {}
    return {"epoch": site.instance.epoch, **unsigned}


def _before_open(
    outside: Outside, gitdir: Path, target: RefName, clock: Clock
) -> tuple[Finding, ...]:
    return recovery.before_open(
        gitdir,
        target=target,
        known=_known(outside, target),
        trusted=outside.trust.daemons,
        rules=recovery.LockRules(daemon_owned=False, grace_s=outside.host.lock_grace_s),
        now=clock.now().timestamp(),
        patience_s=outside.host.stop_s,
    )


def _known(outside: Outside, target: RefName) -> dict[RefName, CommitId]:
    """Return where refs have been, for a ref that a power loss emptied."""
    mark = highwater.read(outside.mark)
    if not isinstance(mark, HighWater):
        return {}
    known = {refs.mission_ref(mission): tip for mission, tip in mark.missions.items()}
    found = {target: mark.target, refs.LEDGER: mark.ledger, **known}
    return {ref: tip for ref, tip in found.items() if tip is not None}


def _report(findings: list[Finding], daemon: Daemon) -> None:
    for finding in findings:
        match finding:
            case Healed(where=where, what=what):
                _log.info("healed", where=where, what=what)
            case NeedsPerson(where=where, what=what):
                _log.warning("needs a person", where=where, what=what)
            case Doubt(where=where, what=what):
                daemon.freeze(f"{where}: {what}")


def once(serving: Serving) -> Standing:
    """Reconcile until only something outside could change anything; never wait for a back-off."""
    with listening(serving.wake) as asked:
        while not asked.stop:
            standing = _reconcile(serving)
            if standing.idle:
                return standing
            if not standing.moved:
                _wait(serving)
        return _stop(serving)


def run(serving: Serving, notify: Notify) -> Standing:
    """Reconcile until told to stop: on hints, and each `reconcile_s` without any."""
    site, wake = serving.site, serving.wake
    with listening(wake) as asked, Hints(site.store.gitdir, wake) as hints:
        notify.tell("READY=1")
        while not asked.stop:
            _reload(asked, notify)
            standing = _reconcile(serving)
            notify.tell("WATCHDOG=1", f"STATUS={_status(standing)}")
            for mission, rest in standing.rests.items():
                if rest.until is not None:
                    hints.wake_at(mission, rest.until)
            if not standing.moved:
                _wait(serving)
        notify.tell("STOPPING=1")
        return _stop(serving)


def _reconcile(serving: Serving) -> Standing:
    standing = serving.daemon.reconcile()
    site = serving.site
    write_health(site.state, standing, at=site.clock.now(), epoch=site.instance.epoch)
    return standing


def _wait(serving: Serving) -> None:
    serving.wake.wait(serving.daemon.interval_s)


def _stop(serving: Serving) -> Standing:
    """Stop what runs and record that it was interrupted; whatever is not recorded is repeated."""
    serving.daemon.stop()
    standing = _reconcile(serving)
    while standing.under_way:
        _wait(serving)
        standing = _reconcile(serving)
    return standing


def _reload(asked: Asked, notify: Notify) -> None:
    """Policy and backlog are read anew each time; what SIGHUP adds is to do it now."""
    if asked.reload:
        asked.reload = False
        notify.tell("RELOADING=1")
        notify.tell("READY=1")


def _status(standing: Standing) -> str:
    if standing.doubts:
        return f"frozen: {standing.doubts[0]}"
    if standing.under_way:
        return ", ".join(f"{key}: {what}" for key, what in standing.under_way.items())
    return f"idle, {len(standing.rests)} missions wait"
