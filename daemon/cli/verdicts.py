"""What becomes of the files in `waivers/` at a tip, by the checks that the daemon makes itself.

Read only: the daemon's own memory of the line is used where it is there, and never written.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from daemon.cli.asked import Asking
from daemon.cli.missions import Known, Missions, Unknown
from daemon.cli.place import Place, policy_at
from daemon.clock import SystemClock
from daemon.outside import Outside
from daemon.people.counsel import Hearing, OfMission
from daemon.people.following import REMEMBERED, governing
from daemon.people.matter import Scene
from daemon.people.requesting import requesters
from daemon.people.times import TIMES, Floor, recorded
from gitops.objects import read_blob
from gitops.observe import Tip
from gitops.people.chain import follow
from gitops.people.faith import Faith
from gitops.people.openssh import OpensshError
from gitops.people.permissions import permissions
from gitops.people.remembered import recall
from gitops.people.wished import wished
from policy.backlog.forms import item_in
from policy.backlog.item import BacklogItem
from policy.ids import BlobId, MissionId, item_of
from policy.mission.persons import NOTHING_SAID, PersonAnswered
from policy.people.approvers import Approver
from policy.people.check import Denied, check, revoked_by
from policy.people.found import Broken, Found, Illegible
from policy.people.permission import StandingWaiver, instant
from policy.people.standing import asking
from policy.problems import Unreadable


@dataclass(frozen=True)
class Verdicts:
    """*denied*: by mission, each file that names it and does not count, with its code and why."""

    denied: Mapping[MissionId, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    """Files that name a mission which waits for nobody, and were used by none; standing waivers
    that say nothing."""
    illegible: tuple[str, ...] = ()
    doubt: str | None = None
    """Why nobody can tell, None where that can be told."""


def verdicts(place: Place, tip: Tip, waiting: Iterable[Asking]) -> Verdicts:
    """Return what is said of each file; without a trust file, that nobody can say."""
    effective, outside = policy_at(place, tip.tree), place.outside
    if not isinstance(outside, Outside):
        return Verdicts(doubt="without a trust file nobody can say whose signature counts")
    if isinstance(effective, Unreadable):
        return Verdicts(doubt=f"the policy cannot be read: {effective}")
    faith = Faith(outside.trust, governing, outside.host.openssh_s)
    skew_s = effective.policy.waivers.clock_skew_s
    asked = tuple(waiting)
    try:
        times = recorded(place.store, faith.introduction, (one.known.mission for one in asked))
        time = Floor(outside.state / TIMES).time(SystemClock().now(), times, skew_s)
        chain = follow(
            place.store,
            tip.commit,
            faith,
            now=time.now,
            remembered=recall(outside.state / REMEMBERED),
            seen={one.commit: instant(one.at) for a in asked for one in a.state.history.seen},
        )
        found = permissions(place.store, chain, faith)
    except OpensshError as error:
        return Verdicts(doubt=f"nobody can say who has signed what: {error}")
    founds = tuple(one for one in found if isinstance(one, Found))
    scene = Scene(
        mode=faith.trust.mode,
        machines=faith.machines,
        tip=tip.commit,
        ref=tip.ref,
        root=chain.root or faith.introduction,
        effective=effective,
        time=time,
        used=chain.used | {d.answered.permission for a in asked for d in a.state.history.decisions},
        revoked=revoked_by(founds),
    )
    return Verdicts(
        denied=dict(_denied(place, scene, founds, asked, chain.state.approvers)),
        others=(*_others(place, founds, asked), *_standing(scene, founds)),
        illegible=tuple(str(one) for one in found if isinstance(one, Illegible)),
        doubt=chain.verdict.why if isinstance(chain.verdict, Broken) else None,
    )


def _denied(
    place: Place,
    scene: Scene,
    founds: tuple[Found, ...],
    asked: tuple[Asking, ...],
    approvers: tuple[Approver, ...],
) -> Iterator[tuple[MissionId, tuple[str, ...]]]:
    for one in asked:
        by = requesters_of(place, one, approvers)
        if by is not None:
            hearing = Hearing(scene, founds, one.state, by)
            yield one.known.mission, hearing.heard(NOTHING_SAID, one.state).denied


def requesters_of(
    place: Place, one: Asking, approvers: tuple[Approver, ...]
) -> frozenset[str] | None:
    """Return who asked for the work *one* is about; None where its item cannot be read."""
    item = _pinned(place, one)
    if item is None:
        return None
    opened = one.state.history.opened
    by = wished(place.store, opened.base, opened.item_path, item_of(one.known.mission))
    return requesters(by, item, approvers)


def _others(place: Place, founds: tuple[Found, ...], asked: tuple[Asking, ...]) -> Iterator[str]:
    missions, waiting = Missions(place), {one.known.mission for one in asked}
    for one in founds:
        permission = one.permission
        if not isinstance(permission, OfMission) or permission.mission in waiting:
            continue
        if one.blob not in _answered(missions.get(permission.mission)):
            yield f"{one.path}: {permission.kind} of {permission.mission}, which waits for nobody"


def _answered(known: Known | Unknown | None) -> frozenset[BlobId]:
    """Return the permissions that the mission has gone on by."""
    records = known.records if isinstance(known, Known) else ()
    facts = (record.fact for record in records)
    return frozenset(fact.permission for fact in facts if isinstance(fact, PersonAnswered))


def _standing(scene: Scene, founds: tuple[Found, ...]) -> Iterator[str]:
    listening = asking(scene.effective.policy)
    for one in founds:
        if isinstance(one.permission, StandingWaiver):
            (gate,) = one.permission.gates
            said = check(one, scene.of_gate(gate))
            if gate not in listening:
                yield f"{one.path}: no gate {gate} has `known_failures: waiver`"
            elif isinstance(said, Denied):
                yield f"{one.path} does not count: {said.code}: {said.why}"


def _pinned(place: Place, one: Asking) -> BacklogItem | None:
    opened = one.state.history.opened
    content = read_blob(place.store, opened.item_blob)
    found = item_in(opened.item_path, content, item_of(one.known.mission))
    return found if isinstance(found, BacklogItem) else None
