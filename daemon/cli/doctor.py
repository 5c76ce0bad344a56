"""The command `doctor`: looks at the whole set-up, says what is wrong and what to do about it.

It asks the parts themselves (the sandbox is probed, the key is loaded); nothing is guessed from
what is installed. It changes nothing in the repository.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from daemon import ground
from daemon.bus.door import door_of
from daemon.cli import output
from daemon.cli.environments import environments
from daemon.cli.exits import Exit, worst
from daemon.cli.finding import Finding, bad
from daemon.cli.hub_doctor import hub
from daemon.cli.notified import notified
from daemon.cli.people_doctor import people
from daemon.cli.place import Place, open_place, policy_at, target_of
from daemon.cli.scenery import scenery
from daemon.ground import Obstacle
from daemon.health import read_health
from daemon.lock import LockedError, single_instance
from daemon.outside import Absent, Outside, Unsound
from daemon.sandbox.probes import Conforms, Unavailable
from daemon.shortage import disks
from gitops import highwater, refs
from gitops.highwater import Corrupt, HighWater
from gitops.ledger.reading import Trust, trust
from gitops.objects import read_object
from gitops.observe import POLICY, Lost, Tip, contains, observe_tip
from gitops.signing import DaemonKey, KeyRefusedError
from policy.mission.integrity import not_ours, put_back
from policy.mission.world import Frozen, Sound
from policy.problems import Unreadable
from policy.rules.load import Effective


def doctor(start: Path, *, as_json: bool) -> Exit:
    place = open_place(start)
    findings = list(_findings(place))
    code = worst(finding.code for finding in findings)
    if as_json:
        rows = [
            {"what": one.what, "verdict": one.verdict, "said": one.said, "then": one.then}
            for one in findings
        ]
        output.dump({"schema": 1, "health": "green" if code is Exit.OK else "red", "checks": rows})
        return code
    for one in findings:
        output.say(f"{_MARKS[one.verdict]} {one.what:<12} {one.said}")
        if one.then:
            output.say(f"  {'':<12} -> {one.then}")
    return code


_MARKS = {"good": "ok  ", "note": "note", "bad": "BAD "}


def _findings(place: Place) -> Iterator[Finding]:
    yield Finding("repository", "good", str(place.gitdir))
    for note in place.store.notes:
        yield Finding("repository", "note", note)
    target = target_of(place)
    tip = observe_tip(place.store, target)
    match tip:
        case Tip():
            yield Finding("target", "good", f"{target} at {tip.commit}")
            yield from _committed(place, tip)
        case Lost(why=why):
            yield bad("target", why, "create or restore the branch", Exit.GIT)
    yield from _ledger(place)
    match place.outside:
        case Outside() as outside:
            yield from _outside(place, outside, tip)
        case Absent(why=why, unreadable=unreadable):
            mend = "mend the file that cannot be read, if it is this repository's; else run"
            yield bad("trust", why, f"{mend if unreadable else 'run'} `pawl init`", Exit.INVALID)
        case Unsound(problems=problems):
            for problem in problems:
                yield bad("trust", problem, "mend the file", Exit.INVALID)


def _committed(place: Place, tip: Tip) -> Iterator[Finding]:
    effective = policy_at(place, tip.tree)
    if isinstance(effective, Unreadable):
        for problem in effective.problems:
            yield bad("policy", f"{POLICY}: {problem}", "see `pawl schema policy`", Exit.INVALID)
        return
    yield Finding("policy", "good", f"{POLICY}, digest {effective.digest}")
    if refs.branch_ref(effective.policy.target) != tip.ref and isinstance(place.outside, Outside):
        said = f"{POLICY} names the target {effective.policy.target}, the trust file {tip.ref}"
        yield bad("policy", said, "make them agree", Exit.INVALID)
    if not effective.policy.gates:
        said = "no gate runs this repository's own tests; only each item's own are asked"
        yield Finding("policy", "note", said, f"add `gates` to {POLICY}")
    found = scenery(place, tip)
    match found.scene.integrity:
        case Frozen(why=why):
            yield bad("frozen", why, "what is said there", Exit.ENVIRONMENT)
        case Sound():
            pass
    for item in found.scene.backlog.bad:
        yield bad("backlog", str(item), "see `pawl schema item`", Exit.INVALID)
    yield Finding("backlog", "good", f"{len(found.scene.backlog.items)} items can be read")


def _ledger(place: Place) -> Iterator[Finding]:
    mark = highwater.read(place.outside.mark) if isinstance(place.outside, Outside) else None
    seen = mark.ledger if isinstance(mark, HighWater) else None
    tip, mend = refs.read(place.store, refs.LEDGER), put_back(refs.LEDGER, seen)
    if tip is None:
        yield bad("ledger", f"{refs.LEDGER} is not there", mend, Exit.GIT)
    elif seen is not None and not contains(place.store, tip, seen):
        yield bad("ledger", f"{refs.LEDGER} does not contain {seen}", mend, Exit.ENVIRONMENT)
    else:
        whose, why = trust(read_object(place.store, tip, "commit"), place.trusted)
        if whose is Trust.FOREIGN:
            said = f"{refs.LEDGER} is at {tip}, which is not this daemon's: {why}"
            mend = not_ours(refs.LEDGER, found=tip, seen=seen)
            yield bad("ledger", said, mend, Exit.ENVIRONMENT)
    for mission, why in refs.list_missions(place.store).broken.items():
        yield bad("ledger", f"{mission}: {why}", "restore the ref from a clone", Exit.GIT)


def _outside(place: Place, outside: Outside, tip: Tip | Lost) -> Iterator[Finding]:
    yield Finding("trust", "good", f"{outside.config}, mode {outside.trust.mode}")
    yield from _key(outside)
    if isinstance(tip, Tip):
        yield from _history(place, outside, tip)
        yield from people(place, outside, tip)
    yield from _room(outside)
    target = refs.branch_ref(outside.trust.target)
    yield from _hindered("repository", ground.of_repository(place.gitdir, target))
    hindered = tuple(_hindered("state", ground.of_state(outside.state)))
    yield from hindered
    yield from hub(place, outside, target)
    effective = policy_at(place, tip.tree) if isinstance(tip, Tip) else None
    policy = effective.policy if isinstance(effective, Effective) else None
    yield from notified(outside, policy)
    if hindered:
        return  # what is left writes there
    if isinstance(tip, Tip):
        yield from environments(place, outside, tip)
    try:
        with single_instance(outside.state):
            yield Finding("daemon", "good", "none runs, the lock is free")
            yield from _sandbox(place, outside)
    except LockedError:
        yield from _running(outside)
    except ground.GroundError as error:
        yield bad("state", str(error), "", Exit.ENVIRONMENT)


def _key(outside: Outside) -> Iterator[Finding]:
    try:
        key = DaemonKey.load(outside.key)
    except KeyRefusedError as error:
        yield bad("key", str(error), f"restore it to {outside.key}", Exit.INVALID)
        return
    if outside.trust.daemon_key.split()[:2] == key.public.split()[:2]:
        yield Finding("key", "good", key.fingerprint)
    else:
        said = f"{outside.key} is not the key the trust file names: its ledger would be foreign"
        yield bad("key", said, "put the right one there, or correct the file", Exit.INVALID)


def _history(place: Place, outside: Outside, tip: Tip) -> Iterator[Finding]:
    introduction = outside.trust.introduction
    if not contains(place.store, tip.commit, introduction):
        said = f"the introduction {introduction} is not in the history of {tip.ref}"
        yield bad("history", said, "it was rewritten; look at it before anything", Exit.INVALID)
    mark = highwater.read(outside.mark)
    accept = f"look at the history, then `pawl doctor --accept-tip {tip.commit}`"
    match mark:
        case HighWater(target=seen) if seen is None or contains(place.store, tip.commit, seen):
            yield Finding("history", "good", f"contains all that was seen (up to {seen})")
        case HighWater(target=seen):
            said = f"{tip.ref} does not contain {seen}, where it has been: rolled back or rewritten"
            yield bad("history", said, accept, Exit.ENVIRONMENT)
        case Corrupt(why=why):
            yield bad("history", f"{outside.mark}: {why}", accept, Exit.ENVIRONMENT)
        case None:
            said = f"{outside.mark} is not there; it is found again from the newest landing"
            yield Finding("history", "note", said, accept)


def _room(outside: Outside) -> Iterator[Finding]:
    floor = outside.host.free_bytes
    for disk in disks(outside):
        if disk.free < floor:
            said = f"{disk.free} bytes are free at {disk.folder}, `free_bytes` is {floor}"
            mend = "nothing is started: make room, or lower it in the host file"
            yield bad("room", said, mend, Exit.ENVIRONMENT)
        else:
            yield Finding("room", "good", f"{disk.free // 1024**2} MiB free at {disk.folder}")


def _hindered(what: str, obstacles: Iterable[Obstacle]) -> Iterator[Finding]:
    for one in obstacles:
        yield bad(what, f"cannot write {one.path}: {one.why}", one.then, Exit.ENVIRONMENT)


def _sandbox(place: Place, outside: Outside) -> Iterator[Finding]:
    with door_of(outside, place.store) as door:
        match door.isolation():
            case Conforms(engine=engine):
                yield Finding("sandbox", "good", f"{engine}: every probe was refused what it tried")
            case Unavailable(problems=problems):
                for problem in problems:
                    yield bad("sandbox", problem.what, problem.fix, Exit.ENVIRONMENT)


def _running(outside: Outside) -> Iterator[Finding]:
    health = read_health(outside.state)
    if health is None:
        yield Finding("daemon", "note", "one runs and has not looked yet")
        return
    said = f"one runs (pid {health.get('pid')}), health {health.get('health')}"
    frozen = health.get("frozen")
    if isinstance(frozen, list) and frozen:
        yield bad("daemon", f"{said}: {'; '.join(map(str, frozen))}", "", Exit.ENVIRONMENT)
    else:
        yield Finding("daemon", "good", f"{said}, last looked at {health.get('at')}")
    exposed, unserved = outside.host.metrics, health.get("unserved")
    if exposed is not None and unserved:
        then = "free the port, or name another in the host file; missions go on as they are"
        yield bad("metrics", str(unserved), then, Exit.ENVIRONMENT)
    elif exposed is not None:
        yield Finding("metrics", "good", f"served at http://{exposed.place}/metrics")
