"""Local refs are brought to what the hub has, in the main thread, each by compare-and-swap.

The hub's line of a mission is the mission. Steps of ours that are not on it are kept under
`refs/pawl/lost/` before anything moves, and never used again. The target follows the hub's by
fast-forward only, with every checkout of it; what is not one is a person's to look at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from daemon.integrity import Doubt
from daemon.log import get_logger
from daemon.mission.draft import sentence
from daemon.opening.opener import UNREADABLE
from daemon.site import Site
from gitops import ledger, refs
from gitops.landing.move import Carried, Missed, carry
from gitops.ledger.reading import Trust, trust
from gitops.objects import DamagedObjectError, MissingObjectError, read_object
from gitops.observe import contains, follows
from policy.ids import CommitId, MissionId, RefName
from policy.mission.evolve import replay
from policy.mission.states import Closed
from policy.mission.world import Frozen, Held

_log = get_logger()
Refs = Mapping[RefName, CommitId]


@dataclass
class Brought:
    """What came of it."""

    moved: bool = False
    closed: list[MissionId] = field(default_factory=list)
    disowned: set[MissionId] = field(default_factory=set)
    """Another host's steps are on their line: what is under way here is of no use."""
    foreign: dict[MissionId, str] = field(default_factory=dict)
    """The hub has something under the mission's name that no daemon wrote."""
    leftovers: dict[MissionId, CommitId] = field(default_factory=dict)
    """At the hub, though the mission is closed."""
    behind: str | None = None
    """Why the target here is not what the hub has."""
    doubt: Frozen | None = None


class Bringer:
    """Repeatable: killed anywhere, the next time does what is left."""

    def __init__(self, site: Site, doubt: Doubt, is_own: Callable[[str], bool]) -> None:
        self._site = site
        self._doubt = doubt
        self._is_own = is_own
        self._owners: dict[CommitId, str | None] = {}

    def bring(self, hub: Refs) -> Brought:
        """Bring ledger, missions, work branches and target, in this order."""
        found = Brought()
        self._ledger(hub, found)
        if found.doubt is None:
            self._missions(hub, found)
            self._work(hub, found)
            self._target(hub, found)
        return found

    def owner(self, mission: MissionId, tip: CommitId) -> str | None:
        """Return the host that recorded *tip*, None where no daemon did that is believed."""
        if tip not in self._owners:
            self._owners[tip] = self._read_owner(mission, tip)
        return self._owners[tip]

    def owns(self, mission: MissionId, tip: CommitId) -> bool:
        """Return whether this host recorded *tip*."""
        return self._is_own(self.owner(mission, tip) or "")

    def _read_owner(self, mission: MissionId, tip: CommitId) -> str | None:
        site = self._site
        try:
            page = ledger.read_at(site.store, mission, tip, trusted=site.trust.daemons)
            if page.verified is not Trust.VERIFIED or replay(mission, page.records) is None:
                return None
        except UNREADABLE:
            return None
        return page.records[-1].host

    # the ledger

    def _ledger(self, hub: Refs, found: Brought) -> None:
        store, theirs = self._site.store, hub.get(refs.LEDGER)
        ours = refs.read(store, refs.LEDGER)
        if theirs is None or theirs == ours:
            return
        whose, why = self._wrote(theirs)
        if whose is not Trust.VERIFIED:
            found.doubt = Frozen(
                why=f"the hub's {refs.LEDGER} is at {theirs}, which is no believed daemon's: "
                f"{why}; if it is another host of yours, add its key to `peers` in the trust file"
            )
        elif ours is None:
            found.moved = refs.create(store, refs.LEDGER, theirs)
        elif contains(store, theirs, ours):
            self._site.point("hub:ledger")
            found.moved = refs.move(store, refs.LEDGER, was=ours, to=theirs)
        else:
            self._began_apart(ours, theirs, found)

    def _began_apart(self, ours: CommitId, theirs: CommitId, found: Brought) -> None:
        """Give up a ledger of ours that holds nothing for one each closing of which is believed."""
        store, site = self._site.store, self._site
        if (
            ledger.is_empty_root(store, ours, site.key.public)
            and self._doubt.saw_only(ours)
            and ledger.is_believed_throughout(store, theirs, site.trust.daemons)
        ):
            # First the mark: a ledger it does not know yet is not one that was rewritten.
            self._doubt.gives_up_ledger()
            site.point("hub:ledger")
            found.moved = refs.move(store, refs.LEDGER, was=ours, to=theirs)
            _log.info("the hub's ledger is taken for ours, which was empty", was=ours, to=theirs)
            return
        target = refs.read(store, site.target)
        found.doubt = Frozen(
            why=f"{refs.LEDGER} is at {theirs} at the hub and at {ours} here, and that is not "
            "part of it: the hub was rolled back, or begun anew; look at both (git log). To take "
            f"the hub's, stop the daemon here, then: git update-ref {refs.LEDGER} {theirs}; "
            f"pawl doctor --accept-tip {target}; and start it again"
        )

    def _wrote(self, commit: CommitId) -> tuple[Trust, str]:
        try:
            raw = read_object(self._site.store, commit, "commit")
        except (MissingObjectError, DamagedObjectError) as error:
            return Trust.FOREIGN, str(error)
        return trust(raw, self._site.trust.daemons)

    # missions

    def _missions(self, hub: Refs, found: Brought) -> None:
        here = refs.list_missions(self._site.store)
        there = {
            MissionId(ref.removeprefix(refs.MISSIONS)): tip
            for ref, tip in hub.items()
            if ref.startswith(refs.MISSIONS)
        }
        known = {*here.open.values(), *there.values()}
        self._owners = {tip: host for tip, host in self._owners.items() if tip in known}
        for mission in sorted({*here.open, *there} - here.broken.keys()):
            self._mission(mission, here.open.get(mission), there.get(mission), found)

    def _mission(
        self, mission: MissionId, ours: CommitId | None, theirs: CommitId | None, found: Brought
    ) -> None:
        store, ref = self._site.store, refs.mission_ref(mission)
        if ledger.is_closed(store, mission):
            if theirs is not None:
                found.leftovers[mission] = theirs
            if ours is not None:
                self._finish(mission, ours, found)
        elif theirs is None or ours == theirs:
            return
        elif self.owner(mission, theirs) is None:
            found.foreign[mission] = (
                f"the hub's {ref} is at {theirs}, which no believed daemon wrote; remove it there, "
                "or add the key of that host to `peers` in the trust file"
            )
        elif ours is None:
            found.moved |= refs.create(store, ref, theirs)
        elif not follows(store, ours, theirs):
            self._adopt(mission, ours, theirs, found)

    def _adopt(self, mission: MissionId, ours: CommitId, theirs: CommitId, found: Brought) -> None:
        """Take the hub's line; steps of ours that are not on it are lost."""
        if not follows(self._site.store, theirs, ours):
            self._lose(mission, ours, "another host has gone on with the mission")
        self._site.point("hub:adopt")
        ref = refs.mission_ref(mission)
        found.moved |= refs.move(self._site.store, ref, was=ours, to=theirs)
        ledger.forget(self._site.store, mission)
        if not self.owns(mission, theirs):
            found.disowned.add(mission)

    def _finish(self, mission: MissionId, ours: CommitId, found: Brought) -> None:
        """Remove the refs of a mission that the ledger holds."""
        site = self._site
        tip = refs.read(site.store, refs.LEDGER)
        if tip is None or not contains(site.store, tip, ours):
            self._lose(mission, ours, "another host has closed the mission")
            refs.delete(site.store, refs.mission_ref(mission), was=ours)
            ledger.forget(site.store, mission)
        else:
            page = ledger.read_at(site.store, mission, ours, trusted=site.trust.daemons)
            state = replay(mission, page.records)
            landed = isinstance(state, Closed) and state.closed.outcome == "PASS"
            points = state.history.checkpoints if state is not None else ()
            ledger.close(
                site.store,
                site.key,
                mission,
                ours,
                sentence=sentence(mission, page.records[-1:]),
                at=int(site.clock.now().timestamp()),
                trusted=site.trust.daemons,
                work=points[-1] if landed and points else None,
                watch=lambda moment: site.point(f"hub:archive:{moment}"),
            )
        found.moved = True
        found.closed.append(mission)
        found.disowned.add(mission)

    def _lose(self, mission: MissionId, ours: CommitId, why: str) -> None:
        """Keep *ours* by a name of its own, before anything of the mission moves."""
        kept = refs.lost_ref(mission, ours)
        self._site.point("hub:lost")
        refs.create(self._site.store, kept, ours)
        _log.warning("steps of ours are lost", mission=mission, why=why, kept=kept)

    # work branches and target

    def _work(self, hub: Refs, found: Brought) -> None:
        """Follow what a person committed on a work branch at the hub; in doubt leave ours."""
        store = self._site.store
        for ref, theirs in hub.items():
            if not ref.startswith(refs.WORK):
                continue
            mission = MissionId(ref.removeprefix(refs.WORK))
            if refs.read(store, refs.mission_ref(mission)) is None:
                continue
            ours = refs.read(store, ref)
            if ours is None:
                found.moved |= refs.create(store, ref, theirs)
            elif ours != theirs and contains(store, theirs, ours):
                moved = carry(store, ref, was=ours, to=theirs)
                found.moved |= isinstance(moved, Carried)

    def _target(self, hub: Refs, found: Brought) -> None:
        site, ref = self._site, self._site.target
        theirs, ours = hub.get(ref), refs.read(site.store, ref)
        if theirs is None:
            found.behind = f"the hub has no {ref}: push it there"
            return
        found.doubt = self._doubt.of_hub(theirs)
        if found.doubt is not None or ours is None:
            return
        self._doubt.saw_hub(theirs, ours)
        if ours == theirs:
            return
        if contains(site.store, theirs, ours):
            self._carry(ours, theirs, found)
        elif contains(site.store, ours, theirs):
            found.behind = (
                f"{ref} here is ahead of the hub's: {_short(ours)} is not there; push it, or put "
                f"the branch back to {_short(theirs)}"
            )
        else:
            found.doubt = Frozen(
                why=f"{ref} is at {ours} here and at {theirs} at the hub, and neither contains the "
                "other: keep what was committed here on another branch, and put this one to the "
                f"hub's: git branch mine {_short(ours)}; git reset --keep {theirs}"
            )

    def _carry(self, ours: CommitId, theirs: CommitId, found: Brought) -> None:
        site = self._site
        site.point("hub:target")
        moved = carry(
            site.store,
            site.target,
            was=ours,
            to=theirs,
            watch=lambda moment: site.point(f"hub:target:{moment}"),
        )
        match moved:
            case Carried(behind=behind):
                found.moved = True
                for checkout in behind:
                    _log.warning("checkout left behind", why=checkout.why)
            case Missed():
                found.moved = True  # by somebody here: looked at again at once
            case Held(why=why):
                found.behind = f"{site.target} here cannot follow the hub's: {why}"


def _short(commit: CommitId) -> str:
    return commit[:12]
