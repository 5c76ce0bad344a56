"""Serving a repository: everything is built once, handed down, and taken apart again.

    with serving(outside) as daemon: run(daemon) or once(daemon)

The lock comes first and goes last: whatever else happens, nobody else works on this repository.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.bus.door import door_of
from daemon.clock import Clock, SystemClock
from daemon.ground import of_repository, refuse
from daemon.health import write_health
from daemon.lock import single_instance
from daemon.log import bound, get_logger
from daemon.loop import Beat, Daemon, Told, silent, unwatched
from daemon.notify import Notify
from daemon.outside import Outside, Roots, find
from daemon.people.keys import refuse_keys
from daemon.remote.identity import name_in
from daemon.signals import listening
from daemon.site import Point, Site, nothing
from daemon.standing import Standing
from daemon.timers import Hints
from daemon.upkeep import KEY as UPKEEP
from daemon.wake import Wake
from gitops import highwater, recovery, refs
from gitops.finding import Doubt, Finding, Healed, NeedsPerson
from gitops.highwater import HighWater
from gitops.observe import Tip, observe_tip
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.ids import CommitId, RefName

if TYPE_CHECKING:
    from daemon.notifying.post import Post

_log = get_logger()
_SYSTEM = SystemClock()


@dataclass
class Serving:
    """A daemon that holds the lock of its repository."""

    daemon: Daemon
    site: Site
    wake: Wake
    post: "Post | None" = None
    """Tells people; None where the host file names nobody."""
    reloads: int = 0
    """How many of the reloads that were asked for have been said to be done."""


@contextmanager
def serving(
    outside: Outside,
    *,
    told: Told = silent,
    clock: Clock = _SYSTEM,
    point: Point = nothing,
    beat: Beat = unwatched,
) -> Iterator[Serving]:
    """Hold the lock, recover what a kill left, and build the daemon.

    Raises `LockedError`, `GroundError`, `RepositoryRefusedError`, `KeyRefusedError` and
    `KeysAtHandError` before anything is begun.
    """
    with single_instance(outside.state) as instance:
        if outside.host.remote is not None:
            instance.rename(name_in(outside.state))
        gitdir = Path(outside.host.git_dir)
        target = refs.branch_ref(outside.trust.target)
        refuse(of_repository(gitdir, target))
        findings = [*_before_open(outside, gitdir, target, clock)]
        store = Store.open(gitdir, durability=outside.host.durability)
        findings += recovery.after_open(store, patience_s=outside.host.stop_s)
        tip = observe_tip(store, target)
        if isinstance(tip, Tip):
            refuse_keys(outside, store, tip.tree)
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
        with bound(**_on_every_line(site)), site.door:
            daemon = Daemon(site, wake, told, beat)
            _report(findings, daemon)
            post = _post(site, wake)
            try:
                yield Serving(daemon, site, wake, post)
            finally:
                daemon.close()
                if post is not None:
                    post.close()


def _post(site: Site, wake: Wake) -> "Post | None":
    if not site.outside.host.notify:
        return None
    from daemon.notifying.post import Post  # noqa: PLC0415  # only who tells somebody pays for it

    return Post(site, wake)


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
    serving.daemon.pages.at_the_end = True
    with listening(serving.wake) as asked:
        while not asked.stop:
            standing = _reconcile(serving)
            if standing.idle:
                return standing
            if not standing.again:
                _wait(serving)
        return _stop(serving)


def run(serving: Serving, notify: Notify, beat_s: float | None = None) -> Standing:
    """Reconcile until told to stop: on hints, each `reconcile_s`, and each *beat_s*, without any.

    Raises `HintsDiedError` and `WorkerDiedError`: the process ends, and is started anew.
    """
    site, wake = serving.site, serving.wake
    with listening(wake) as asked, Hints(site.store.gitdir, wake) as hints:
        notify.tell("READY=1")
        while not asked.stop:
            asked_for = asked.reloads
            if asked_for != serving.reloads:
                serving.daemon.hurry()
            standing = _reconcile(serving, asked_for)
            notify.tell("WATCHDOG=1", f"STATUS={status_line(standing)}")
            _note_reload(serving, asked_for)
            hints.check()
            serving.daemon.check()
            for mission, rest in standing.rests.items():
                if rest.until is not None:
                    hints.wake_at(mission, rest.until)
            hints.wake_at(UPKEEP, serving.daemon.keep_house())
            if standing.hub_due is not None:
                hints.wake_at("hub", standing.hub_due)
            for what, moment in standing.due.items():
                hints.wake_at(f"due:{what}", moment)
            if not standing.again:
                _wait(serving, beat_s)
        notify.tell("STOPPING=1", "STATUS=stopping: what runs is checkpointed")
        return _stop(serving, notify, beat_s)


def _reconcile(serving: Serving, reloads: int = 0) -> Standing:
    standing = serving.daemon.reconcile()
    site = serving.site
    if serving.post is not None:
        serving.post.look(standing, serving.daemon.drafts, serving.daemon.rules)
    write_health(
        site.state,
        standing,
        at=site.clock.now(),
        epoch=site.instance.epoch,
        reloads=reloads,
        stale_s=site.outside.host.stale_s,
    )
    return standing


def _wait(serving: Serving, beat_s: float | None = None) -> None:
    interval = float(serving.daemon.interval_s)
    serving.wake.wait(interval if beat_s is None else min(interval, beat_s))


def _stop(serving: Serving, notify: Notify | None = None, beat_s: float | None = None) -> Standing:
    """Stop what runs and record that it was interrupted; whatever is not recorded is repeated."""
    serving.daemon.stop()
    standing = _reconcile(serving)
    while standing.under_way:
        _wait(serving, beat_s)
        standing = _reconcile(serving)
        if notify is not None:
            notify.beat()
    return standing


def _note_reload(serving: Serving, asked_for: int) -> None:
    """Say that the world was read anew on request: SIGHUP hurries reconcile and look at the hub.

    What was read once, at the start, is the host file: a change of it is named, not taken over.
    """
    if asked_for == serving.reloads:
        return
    serving.reloads = asked_for
    outside = serving.site.outside
    where = Roots(outside.config.parent, outside.state.parent, outside.credentials)
    found = find(Path(outside.host.git_dir), where)
    changed = not isinstance(found, Outside) or found != outside
    _log.info(
        "reloaded: policy and backlog",
        host_files="changed: restart to use them" if changed else "as they were",
    )


def status_line(standing: Standing) -> str:
    """Return where things stand in one line, for `systemctl status`."""
    if standing.doubts:
        return f"frozen: {standing.doubts[0]}"
    if standing.short is not None:
        return f"nothing is started: {standing.short}"
    if standing.under_way:
        return ", ".join(f"{key}: {what}" for key, what in standing.under_way.items())
    return f"idle, {len(standing.rests)} missions wait"
