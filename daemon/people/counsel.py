"""What people say of a mission at the target's tip: answers that count, decisions that hold.

Files that name the mission and do not count are told with their reason; a person who has signed
something must never have to guess why nothing happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from daemon.people.following import People
from daemon.people.matter import Scene
from daemon.people.requesting import requesters
from gitops.commits import tree_of
from gitops.git import GitError
from gitops.observe import Tip
from gitops.people.chain import Chain
from gitops.people.openssh import OpensshError
from gitops.people.permissions import permissions
from gitops.people.wished import Wished
from gitops.repository import Store
from gitops.tree.diff import entries_between
from policy.backlog.item import BacklogItem
from policy.ids import BlobId, ItemId, item_of
from policy.mission.needed import needed
from policy.mission.persons import Decision, PersonAnswered, Said, Sighting
from policy.mission.states import Judged, Mission, Proposed, Waiting
from policy.mission.wanted import Changed, reads_paths
from policy.mission.world import Frozen
from policy.people.check import Denied, Valid, check, revoked_by, was_given
from policy.people.found import Broken, Found, Illegible, Verified
from policy.people.permission import (
    Abort,
    AcceptRewrite,
    Approval,
    Grant,
    Rejection,
    Resume,
    Revocation,
    StandingWaiver,
    Waiver,
)
from policy.people.standing import Standing, asking
from policy.people.trusted_time import Behind
from policy.rules.load import Effective
from policy.rules.model import Policy

OfMission = Waiver | Approval | Rejection | Resume | Grant | Abort


@dataclass(frozen=True)
class Counsel:
    """One tip, and the open missions there."""

    store: Store
    people: People
    tip: Tip
    effective: Effective
    missions: tuple[Mission, ...]

    def said(self, mission: Mission, item: BacklogItem, effective: Effective) -> Said:
        """Return what a decision about *mission* is told. For one that asks nothing it is free."""
        policy = effective.policy
        needs = needed(mission, item, policy, self._changed(mission, policy))
        said = Said(needs=needs, standing=self.standing, holding=_blobs(self.standing))
        asks = isinstance(mission, Waiting) and mission.answered is None
        if not asks and not mission.history.decisions:
            return said
        heard = self._heard
        if isinstance(heard, str):
            return said.model_copy(update={"doubt": heard})
        scene = replace(heard.scene, effective=effective)
        try:
            by = self._wished(mission)
        except GitError as error:
            return said.model_copy(update={"doubt": f"nobody can say who asked for it: {error}"})
        asked = requesters(by, item, heard.chain.state.approvers)
        case = Hearing(scene, heard.founds, mission, asked)
        said = said.model_copy(update={"holding": said.holding | set(case.holding())})
        if isinstance(scene.time, Behind):
            said = said.model_copy(update={"doubt": scene.time.why})
        return case.heard(said, mission, heard.others) if isinstance(mission, Waiting) else said

    @cached_property
    def standing(self) -> tuple[Standing, ...]:
        """The standing waivers that hold, of gates whose known failures people say."""
        gates = asking(self.effective.policy)
        heard = self._heard if gates else ""
        if isinstance(heard, str):
            return ()
        return tuple(
            Standing(permission=one.blob, gate=gate, tests=one.permission.tests)
            for gate in gates
            for one in heard.founds
            if isinstance(one.permission, StandingWaiver)
            and gate in one.permission.gates
            and isinstance(check(one, heard.scene.of_gate(gate)), Valid)
        )

    @cached_property
    def approved(self) -> frozenset[ItemId]:
        """The items of which an approval lies on the target: what `{approved: ID}` asks for."""
        heard = self._heard
        if isinstance(heard, str):
            return frozenset()
        found = permissions(self.store, heard.chain, self.people.faith, unused=False)
        return frozenset(
            item_of(one.permission.mission)
            for one in found
            if isinstance(one, Found)
            and isinstance(one.permission, Approval)
            and was_given(one, heard.scene.of_item())
        )

    @cached_property
    def _heard(self) -> "Heard | str":
        """All that lies in `waivers/`, looked at once; or why nobody can say whose it is."""
        skew_s = self.effective.policy.waivers.clock_skew_s
        try:
            chain = self.people.chain(self.tip, self.missions, skew_s)
        except OpensshError as error:
            return str(error)
        found = self.people.found(chain)
        founds = tuple(one for one in found if isinstance(one, Found))
        used, revoked = chain.used | self._used(), revoked_by(founds)
        scene = replace(self.scene(self.effective), used=used, revoked=revoked)
        illegible = (str(one) for one in found if isinstance(one, Illegible))
        others = (*_nobodys(chain.verdict), *illegible)
        return Heard(chain, scene, founds, others)

    def doubt(self) -> Frozen | None:
        """Return why nothing may open or land as far as people are concerned."""
        policy = self.effective.policy
        listens = bool(asking(policy))
        skew_s = policy.waivers.clock_skew_s
        doubt = self.people.doubt(self.tip, self.missions, skew_s, listens=listens)
        if doubt is not None or not listens:
            return doubt
        # by a clock that is behind no failure is known, and gates would bar for what is
        time = self.people.time(skew_s, self.missions)
        return Frozen(why=time.why) if isinstance(time, Behind) else None

    def scene(self, effective: Effective) -> Scene:
        """Return what is asked about here, without what anybody has signed."""
        return Scene(
            mode=self.people.faith.trust.mode,
            machines=self.people.faith.machines,
            tip=self.tip.commit,
            ref=self.tip.ref,
            root=self.people.root,
            effective=effective,
            time=self.people.time(effective.policy.waivers.clock_skew_s, self.missions),
        )

    def _changed(self, mission: Mission, policy: Policy) -> Changed | None:
        """Return what the candidate changes, as far as anybody asks; as the mission made it."""
        if not isinstance(mission, Proposed | Judged):
            return None
        last = mission.attempt
        if not reads_paths(policy) or last.ended.tree is None:
            return Changed((), last.ended.stat.lines)
        base = tree_of(self.store, last.started.base)
        entries = entries_between(self.store, base, last.ended.tree)
        return Changed(tuple(one.path for one in entries), last.ended.stat.lines)

    def _wished(self, mission: Mission) -> Wished:
        opened = mission.history.opened
        return self.people.wished(opened.base, opened.item_path, item_of(mission.history.mission))

    def _used(self) -> frozenset[BlobId]:
        return frozenset(
            one.answered.permission for m in self.missions for one in m.history.decisions
        )


@dataclass(frozen=True)
class Heard:
    """What lies in `waivers/` at one tip. *others*: what is no permission of anybody's, and why."""

    chain: Chain
    scene: Scene
    founds: tuple[Found, ...]
    others: tuple[str, ...]


def _blobs(standing: tuple[Standing, ...]) -> frozenset[BlobId]:
    return frozenset(one.permission for one in standing)


def _nobodys(verdict: Verified | Broken) -> Iterator[str]:
    """Yield why nothing that lies in `waivers/` counts, where that is so."""
    match verdict:
        case Verified():
            return
        case Broken(commit=commit, why=why):
            yield (
                f"nothing that is signed counts: commit {commit[:12]} may not be there: {why}; "
                "`pawl doctor` says how to go on"
            )


@dataclass(frozen=True)
class Hearing:
    """The permissions at one tip, held against what one mission asks and has asked."""

    scene: Scene
    founds: tuple[Found, ...]
    mission: Mission
    requesters: frozenset[str]

    def holding(self) -> Iterator[BlobId]:
        """Yield the permissions of decisions that would be given again as things are."""
        by_blob = {one.blob: one for one in self.founds}
        for one in self.mission.history.decisions:
            found = by_blob.get(one.answered.permission)
            if found is not None and self._holds(one, found):
                yield one.answered.permission

    def _holds(self, one: Decision, found: Found) -> bool:
        once = replace(self.scene, used=self.scene.used - {one.answered.permission})
        kinds = frozenset({one.answered.answer})
        live = once.live(self.mission, one.asked, kinds, self.requesters)
        return live is not None and isinstance(check(found, live), Valid) and not self._denied(one)

    def _denied(self, one: Decision) -> bool:
        """Return whether somebody who may has said no to the same request: a no outweighs a yes."""
        live = self.scene.live(self.mission, one.asked, frozenset({"rejection", "abort"}))
        noes = (each for each in self.founds if isinstance(each.permission, Rejection | Abort))
        return live is not None and any(isinstance(check(each, live), Valid) for each in noes)

    def heard(self, said: Said, mission: Waiting, others: tuple[str, ...] = ()) -> Said:
        """Return *said* with the answers to what *mission* waits for, and what is no answer.

        *others* are reasons that are not about one permission of this mission.
        """
        live = self.scene.live(mission, mission.asked, requesters=self.requesters)
        before = {one.answered.permission for one in mission.history.decisions}
        mine = [one for one in self.founds if self._is_mine(one) and one.blob not in before]
        verdicts = [] if live is None else [(one, check(one, live)) for one in mine]
        return said.model_copy(
            update={
                "answers": tuple(
                    answered(mission.asked.request, one, verdict)
                    for one, verdict in verdicts
                    if isinstance(verdict, Valid)
                ),
                "denied": (
                    *others,
                    *(
                        f"{one.path} does not count: {verdict.code}: {verdict.why}"
                        for one, verdict in verdicts
                        if isinstance(verdict, Denied)
                    ),
                ),
                "unseen": tuple(self._unseen(mission, mine)),
            }
        )

    def _is_mine(self, found: Found) -> bool:
        permission = found.permission
        if not isinstance(permission, OfMission):
            return False
        return permission.mission == self.mission.history.mission

    def _unseen(self, mission: Waiting, mine: list[Found]) -> Iterator[Sighting]:
        known = {(one.path, one.blob, one.commit) for one in mission.history.seen}
        for one in mine:
            if (one.path, one.blob, one.introduced.commit) not in known:
                at = f"{one.first_seen:%Y-%m-%dT%H:%M:%SZ}"
                commit = one.introduced.commit
                yield Sighting(path=one.path, blob=one.blob, commit=commit, at=at)


def answered(request: str, found: Found, valid: Valid) -> PersonAnswered:
    """Return the fact that a valid answer is."""
    permission = valid.permission
    match permission:
        case Waiver() | Approval() | Rejection() | Resume() | Grant() | Abort():
            return PersonAnswered(
                request=request,
                answer=permission.kind,
                permission=found.blob,
                commit=found.introduced.commit,
                principal=valid.principal,
                own_request=valid.own_request,
                gates=permission.gates if isinstance(permission, Waiver) else (),
                more=permission.grant if isinstance(permission, Grant) else None,
            )
        case StandingWaiver() | Revocation() | AcceptRewrite():
            raise TypeError(f"{found.path}: a {permission.kind} answers no request")
