"""Doubt: whether the repository still is what this daemon has seen, and stays so.

The mark outside the repository is what a rolled-back or rewritten ref differs from (R40). A lost
mark is found again on the newest landing this daemon signed; without one the daemon observes only,
until a person has said which tip is right.
"""

from collections.abc import Mapping

from daemon.site import Site
from gitops import highwater, ledger, refs
from gitops.highwater import Corrupt, HighWater
from gitops.landing.line import newest_landing
from gitops.ledger.reading import Trust, trust
from gitops.objects import DamagedObjectError, MissingObjectError, read_object
from gitops.observe import Lost, contains, follows, observe_tip
from policy.ids import CommitId, MissionId
from policy.mission.integrity import foreign_ledger, ledger_moved, rewritten, rewritten_at_hub
from policy.mission.world import Frozen, Integrity, Sound

_ACCEPT = "look at the history, then: pawl doctor --accept-tip"


class Doubt:
    """What stands against opening and landing; what is lasting ends with the process only."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lasting: Frozen | None = None
        self._signed: CommitId | None = None
        """The tip of the ledger that was found to be the daemon's own last."""
        self._mark = self._begin()

    def freeze(self, why: str) -> None:
        """Stop everything for as long as this process lives; the first reason is kept."""
        self._lasting = self._lasting or Frozen(why=why)

    def now(self) -> Integrity:
        """Compare target and ledger with the mark, and raise the target's where all is well."""
        if self._lasting is not None:
            return self._lasting
        tip = observe_tip(self._site.store, self._site.target)
        if isinstance(tip, Lost):
            return Frozen(why=tip.why)
        ledger_tip = refs.read(self._site.store, refs.LEDGER)
        seen, known = self._mark.target, self._mark.ledger
        if (tip.commit, ledger_tip) == (seen, known) and ledger_tip == self._signed:
            return Sound()
        if self._mark.hub is not None:
            seen = None  # the hub's is what counts, and this branch follows it
        if seen is not None and not self._holds(seen, tip.commit):
            return rewritten(tip.ref, found=tip.commit, seen=seen)
        if known is not None and not self._holds(known, ledger_tip):
            return ledger_moved(refs.LEDGER, found=ledger_tip, seen=known)
        if ledger_tip is not None and ledger_tip != self._signed:
            raw = read_object(self._site.store, ledger_tip, "commit")
            whose, why = trust(raw, self._site.trust.daemons)
            if whose is not Trust.VERIFIED:
                return foreign_ledger(refs.LEDGER, found=ledger_tip, seen=known, why=why)
            self._signed = ledger_tip
        # With a hub, what is only here is no high-water mark: a person may take it back.
        target = self._mark.target if self._mark.hub is not None else tip.commit
        self._raise(self._mark.model_copy(update={"target": target, "ledger": ledger_tip}))
        return Sound()

    def rewritten(self) -> CommitId | None:
        """Return where the target has been and what it does not contain now; None where it does.

        With a hub it is the hub's that counts, and whether that is right the operator says.
        """
        tip = observe_tip(self._site.store, self._site.target)
        seen = self._mark.target
        if self._lasting is not None or self._mark.hub is not None or isinstance(tip, Lost):
            return None
        return None if self._holds(seen, tip.commit) else seen

    def accept(self, tip: CommitId) -> None:
        """Take it from a person that the target is right at *tip*."""
        self._raise(self._mark.model_copy(update={"target": tip}))

    def of_hub(self, found: CommitId) -> Frozen | None:
        """Compare the hub's target with what it has been; None where it holds that."""
        if self._holds(self._mark.hub, found):
            return None
        return rewritten_at_hub(self._site.target, found=found, seen=self._mark.hub)

    def saw_hub(self, found: CommitId, here: CommitId) -> None:
        """Raise the mark to the hub's target, unless what is *here* and that went two ways."""
        if self._holds(found, here):
            both = found
        elif self._holds(here, found):
            both = here
        else:
            return
        self._raise(self._mark.model_copy(update={"hub": found, "target": both}))

    def saw_only(self, ledger: CommitId) -> bool:
        """Tell whether the mark knows of no other ledger than *ledger*."""
        return self._mark.ledger in {None, ledger}

    def gives_up_ledger(self) -> None:
        """Forget where the ledger was: another is about to take its place."""
        self._raise(self._mark.model_copy(update={"ledger": None}))

    def rewound(self, found: Mapping[MissionId, CommitId]) -> dict[MissionId, str]:
        """Return the missions whose ledger is not, or does not contain, what was seen last."""
        return {
            mission: f"its ledger {refs.mission_ref(mission)} is at {found.get(mission)}, which "
            f"does not contain {seen}, where it has been; put it back: "
            f"git update-ref {refs.mission_ref(mission)} {seen}"
            for mission, seen in self._mark.missions.items()
            if not self._follows(seen, found.get(mission))
            and not ledger.is_closed(self._site.store, mission)
            and not self._is_lost(mission, seen)
        }

    def note(self, found: Mapping[MissionId, CommitId]) -> None:
        """Remember where the open missions are: at commits of this daemon's, else as seen last.

        Somebody else's commit must not become what a person is told to put back.
        """
        seen, gone = self._mark.missions, self.rewound(found)
        own = {one for one, tip in found.items() if tip == seen.get(one) or self._is_own(tip)}
        kept = {one: tip for one, tip in seen.items() if one in gone or one in found.keys() - own}
        noted = {one: tip for one, tip in found.items() if one in own and one not in gone}
        self._raise(self._mark.model_copy(update={"missions": {**noted, **kept}}))

    def _is_lost(self, mission: MissionId, seen: CommitId) -> bool:
        """Tell whether what was seen last is among the steps that the hub did not take."""
        kept = refs.list_refs(self._site.store, f"{refs.LOST}{mission}/").refs
        return any(self._follows(seen, tip) for tip in kept.values())

    def _is_own(self, tip: CommitId) -> bool:
        try:
            raw = read_object(self._site.store, tip, "commit")
        except (MissingObjectError, DamagedObjectError):
            return False
        return trust(raw, self._site.trust.daemons)[0] is Trust.VERIFIED

    def _holds(self, seen: CommitId | None, found: CommitId | None) -> bool:
        if seen is None:
            return True
        return found is not None and contains(self._site.store, found, seen)

    def _follows(self, seen: CommitId, found: CommitId | None) -> bool:
        return found is not None and follows(self._site.store, found, seen)

    def _raise(self, mark: HighWater) -> None:
        if mark != self._mark:
            self._site.point("mark")
            sync = self._site.store.durability == "full"
            highwater.write(self._site.outside.mark, mark, sync=sync)
            self._site.point("marked")
            self._mark = mark

    def _begin(self) -> HighWater:
        match highwater.read(self._site.outside.mark):
            case HighWater() as mark:
                return mark
            case Corrupt(path=path, why=why):
                self.freeze(f"the high-water mark {path} cannot be believed: {why}; {_ACCEPT} OID")
            case None:
                newest = self._newest_landing()
                if newest is not None:
                    return HighWater(target=newest)
                self.freeze(
                    f"there is no high-water mark in {self._site.state} and no landing of this "
                    f"daemon on {self._site.target}: nothing says which tip is right; {_ACCEPT} OID"
                )
        return HighWater()

    def _newest_landing(self) -> CommitId | None:
        tip = observe_tip(self._site.store, self._site.target)
        if isinstance(tip, Lost):
            return None
        found = newest_landing(self._site.store, tip.commit, self._site.trust.daemons)
        return None if found is None else found[0]
