"""What a mission asks a person about, as everything is now: what permissions are held against."""

from dataclasses import dataclass

from policy.ids import BlobId, CommitId, GateName, RefName
from policy.mission.facts import Candidate
from policy.mission.person import non_waivable
from policy.mission.persons import PersonAsked
from policy.mission.states import Failed, Judged, Landing, Mission, Proposed, Waiting
from policy.people.keys import Key
from policy.people.live import Candidate as Offered
from policy.people.live import Document, Held, Live, OfGate, OfLine, OfMission, Rewound
from policy.people.needs import (
    AtCheckpoint,
    AtLimit,
    ToLand,
    ToOpen,
    ToWaive,
    answering,
    deciding,
)
from policy.people.permission import Kind, PermissionId, Repo
from policy.people.roles import APPROVER, NEVER_WAIVED, POLICY, Role
from policy.people.trust import Mode
from policy.people.trusted_time import TrustedTime
from policy.rules.load import Effective


@dataclass(frozen=True)
class Scene:
    """What is the same for all that is asked at one tip."""

    mode: Mode
    machines: frozenset[Key]
    """The keys that never decide anything."""
    tip: CommitId
    ref: RefName
    root: CommitId
    effective: Effective
    time: TrustedTime
    used: frozenset[BlobId] = frozenset()
    revoked: frozenset[PermissionId] = frozenset()

    def live(
        self,
        mission: Mission,
        asked: PersonAsked,
        kinds: frozenset[Kind] | None = None,
        requesters: frozenset[str] = frozenset(),
    ) -> Live | None:
        """Return what answers *asked* are held against; None while the request is not written.

        *kinds* are the answers that are looked for: all that *asked* can have, unless named.
        *requesters* are only missed where somebody's answer is held against it.
        """
        if asked.shown is None:
            return None
        policy = self.effective.policy
        of = OfMission(
            mission=mission.history.mission,
            attempt=len(mission.history.attempts),
            spec=mission.history.opened.spec_hash,
            policy=self.effective.digest,
            request=asked.shown,
            gates=asked.need.gates if isinstance(asked.need, ToWaive) else (),
            subject=self._subject(mission, asked),
            requesters=requesters,
        )
        built = candidate_of(mission)
        parent = built.base if built is not None and built.base == self.tip else None
        kinds = answering(asked.need) if kinds is None else kinds
        return self._live(of, kinds, deciding(asked.need, policy.permissions), parent)

    def of_gate(self, gate: GateName) -> Live:
        """Return what a standing waiver of *gate* is held against."""
        policy = self.effective.policy
        return self._live(
            OfGate(gate=gate), frozenset({"standing-waiver"}), policy.permissions.waiving([gate])
        )

    def of_item(self) -> Live:
        """Return what an approval is held against, whichever mission it is of."""
        roles = frozenset({APPROVER})
        return self._live(OfLine(tip=self.tip), frozenset({"approval"}), roles)

    def of_line(self, seen: CommitId, tip: CommitId) -> Live:
        """Return what is held against a permission to go on from *tip*, which lacks *seen*."""
        why = f"the target does not contain {seen}, where it has been"
        live = self._live(
            OfLine(tip=tip), frozenset({"accept-rewrite"}), frozenset({APPROVER, POLICY})
        )
        return live.model_copy(update={"mark": Rewound(seen=seen, why=why)})

    def _live(
        self,
        matter: OfMission | OfGate | OfLine,
        kinds: frozenset[Kind],
        roles: frozenset[Role],
        parent: CommitId | None = None,
    ) -> Live:
        policy = self.effective.policy
        return Live(
            tip=self.tip,
            parent=parent,
            repo=Repo(root_commit=self.root, name=policy.repo_name),
            ref=self.ref,
            mode=self.mode,
            mark=Held(),  # a line that was rewritten freezes before anything is decided
            matter=matter,
            kinds=kinds,
            roles=roles,
            machine_keys=self.machines,
            non_waivable=self._fixed(matter),
            max_ttl_s=policy.waivers.max_ttl_s,
            time=self.time,
            used=self.used,
            revoked=self.revoked,
        )

    def _fixed(self, matter: OfMission | OfGate | OfLine) -> frozenset[GateName]:
        """Return the gates nobody can waive: not whole; that tests are known a gate says itself."""
        policy = self.effective.policy
        match matter:
            case OfMission():
                return non_waivable(policy)
            case OfGate() | OfLine():
                return NEVER_WAIVED | set(policy.waivers.non_waivable)

    def _subject(self, mission: Mission, asked: PersonAsked) -> Offered | Document | None:
        match asked.need:
            case ToLand() | AtCheckpoint() | ToWaive():
                built = candidate_of(mission)
                if built is None:
                    return None
                return Offered(
                    base=asked.base,
                    change=built.change,
                    product=built.product,
                    shown_change=asked.change or built.change,
                    shown_product=asked.product or built.product,
                    both=self.effective.policy.waivers.both,
                )
            case ToOpen():
                blob = mission.history.opened.item_blob
                return Document(base=asked.base, document=blob)
            case AtLimit():
                return None


def candidate_of(mission: Mission) -> Candidate | None:
    """Return what would land, or was barred; where the mission waits, what it had when it asked."""
    state = mission.back if isinstance(mission, Waiting) else mission
    if isinstance(state, Proposed | Judged | Landing):
        return state.candidate
    return state.barred.candidate if isinstance(state, Failed) and state.barred else None
