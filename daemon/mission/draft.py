"""A step being written: facts that are decided but not recorded yet, with their evidence.

`commit` makes them one ledger commit and one compare-and-swap. Several facts in one step is what
makes the durable mode cheap (DESIGN 4.6); the intent of a deed is always recorded before it. A step
that only the next one names may be sealed: it is recorded with that, as a commit of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon.clock import rfc3339
from daemon.site import Site
from gitops.ledger import Keep, Merge, Page, append
from gitops.ledger.appending import Beside, End
from gitops.ledger.reading import Trust as ReadAs
from gitops.objects import Batch
from policy.ids import CommitId, MissionId
from policy.mission.evolve import evolve, replay
from policy.mission.facts import Fact
from policy.mission.record import Recorded
from policy.mission.states import Mission
from policy.mission.steps import step_id
from policy.rules.load import Effective


class LedgerMovedError(Exception):
    """Somebody else wrote this mission's ledger: read it again before doing anything."""


@dataclass(frozen=True)
class Outcome:
    """What a deed found: facts, evidence and pages by path in the dossier, raw commits to keep.

    *pages* are made from facts and read again: never cut, as evidence is. *commits* become
    parents of the ledger commit, so that what a fact names cannot be pruned.
    """

    facts: tuple[Fact, ...]
    evidence: Mapping[str, bytes] = field(default_factory=dict)
    commits: tuple[bytes, ...] = ()
    pages: Mapping[str, bytes] = field(default_factory=dict)
    under: Effective | None = None
    """The policy the deed was done under, where that may be another than when it is recorded."""


class Draft:
    def __init__(self, site: Site, page: Page) -> None:
        mission = page.mission
        self._site = site
        self.mission = mission
        self.batch = Batch(site.store)
        self.recorded: CommitId | None = page.tip
        """Where the mission's ref is."""
        self.tip: CommitId | None = page.tip
        """The newest step: recorded, or sealed and recorded with the next."""
        self.closing: Merge | None = None
        """The merge into the ledger that was saved with the last step."""
        self.records: tuple[Recorded, ...] = page.records
        self.effective: Effective | None = None
        """The policy that is in effect while facts are added; the turn sets it."""
        self.state: Mission | None = replay(mission, self.records)
        self._recorded = self._stepped = len(self.records)
        self._sealed: list[CommitId] = []
        self._evidence: dict[str, bytes] = {}
        self._pages: dict[str, bytes] = {}
        self._code: list[CommitId] = []

    def add(self, outcome: Outcome) -> None:
        """Take what a deed found; raises `ContradictionError` where it cannot follow."""
        for fact in outcome.facts:
            recorded = self._envelope(fact, outcome.under or self._in_effect())
            self.state = evolve(self.state, recorded)
            self.records = (*self.records, recorded)
        self._evidence.update(outcome.evidence)
        self._pages.update(outcome.pages)
        self._code += [self.batch.commit(raw) for raw in outcome.commits]

    def keep(self, commit: CommitId) -> None:
        """Make *commit* a parent of this step's ledger commit."""
        self._code.append(commit)

    def ahead(self, outcome: Outcome) -> CommitId:
        """Return the commit that would record *outcome* next; nothing is recorded by that.

        Everything added so far must be recorded: the hub is asked for exactly this commit.
        """
        if len(self.records) != self._recorded:
            raise ValueError(f"{self.mission}: something is not recorded yet")
        later = Draft(self._site, self._page())
        later.effective = self.effective
        later.add(outcome)
        made = later._append("saved")
        if made is None:
            raise ValueError(f"{self.mission}: a commit that moves nothing cannot come too late")
        return made

    def _page(self) -> Page:
        return Page(self.mission, self.tip, self.records, ReadAs.VERIFIED, None)

    def seal(self) -> None:
        """End the step: the next one may name its commit, and both are recorded together.

        Nothing may be done in between that the sealed step has to be recorded for.
        """
        if len(self.records) == self._stepped:
            return
        tip = self._append("sealed")
        if tip is not None:
            self._sealed.append(tip)
        self._stepped_to(tip)

    def commit(self, beside: Beside | None = None) -> None:
        """Record what was added since the last time; raise `LedgerMovedError` if a CAS was lost.

        *beside* adds to `batch` what is made of the step's commit and saved with it.
        """
        new = self.records[self._recorded :]
        if not new:
            return
        kinds = "+".join(one.fact.kind for one in new)
        self._site.point(f"append:{kinds}")
        tip = self._append("moved", beside)
        if tip is None:
            raise LedgerMovedError(f"{self.mission}: its ledger moved while a step was recorded")
        self._site.point(f"appended:{kinds}")
        self._stepped_to(tip)
        self.recorded, self._recorded, self._sealed = tip, self._stepped, []
        self.batch = Batch(self._site.store)

    def _stepped_to(self, tip: CommitId | None) -> None:
        self.tip, self._stepped = tip, len(self.records)
        self._evidence, self._pages, self._code = {}, {}, []

    def _append(self, end: End, beside: Beside | None = None) -> CommitId | None:
        new = self.records[self._stepped :]
        return append(
            self._site.store,
            self._site.key,
            self.mission,
            after=self.recorded,
            sealed=self._sealed,
            records=new,
            evidence=self._evidence,
            pages=self._pages,
            code=self._code,
            sentence=sentence(self.mission, new),
            at=int(self._site.clock.now().timestamp()),
            keep=self._keep(),
            batch=self.batch,
            end=end,
            beside=beside,
        )

    def _envelope(self, fact: Fact, under: Effective) -> Recorded:
        seq = len(self.records) + 1
        attempts = self.state.history.next_attempt if self.state else 1
        step = step_id(
            self.mission,
            stage="build",
            attempt=attempts,
            level=0,
            name=fact.kind,
            inputs=(str(seq), self.tip or ""),
        )
        return Recorded(
            mission=self.mission,
            seq=seq,
            step=step,
            at=rfc3339(self._site.clock.now()),
            host=self._site.instance.host,
            epoch=self._site.instance.epoch,
            policy=under.digest,
            fact=fact,
        )

    def _keep(self) -> Keep:
        limits = self._in_effect().policy.evidence
        return Keep(limits.piece_bytes, limits.mission_bytes, self._site.state / "evidence")

    def _in_effect(self) -> Effective:
        if self.effective is None:
            raise ValueError(f"{self.mission}: a fact was added before its policy was known")
        return self.effective


def sentence(mission: MissionId, records: tuple[Recorded, ...]) -> str:
    """Return what a person reads in `git log`: `H-1: attempt ended, candidate built`."""
    words = ", ".join(one.fact.kind.replace("-", " ") for one in records)
    return f"{mission}: {words}"
