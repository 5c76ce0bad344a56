"""Step 7: everything a permission names must be what is live (A47, A48, A50).

An approval is bound to the change, which is what a person read: a target that moves and leaves
the change as it is keeps it. A waiver is bound to the product, which is what failed. Bases are
compared with the request's: the commit of the permission has moved the target since. So is the
other one of change and product: who signs what nobody was shown has not read it.
"""

from collections.abc import Iterator

from policy.people.codes import Code
from policy.people.live import (
    Candidate,
    Document,
    Live,
    OfGate,
    OfLine,
    OfMission,
    OfPermission,
    Rewound,
)
from policy.people.permission import (
    Abort,
    AcceptRewrite,
    Approval,
    Grant,
    OfCandidate,
    OfDocument,
    Permission,
    Rejection,
    Resume,
    Revocation,
    StandingWaiver,
    Waiver,
)
from policy.people.roles import NEVER_WAIVED

No = tuple[Code, str]
_Answer = Waiver | Approval | Rejection | Resume | Grant | Abort


def bindings(permission: Permission, live: Live) -> Iterator[No]:
    """Yield each value of *permission* that is not the live one, most telling first."""
    if permission.kind not in live.kinds:
        wanted = ", ".join(sorted(live.kinds))
        yield Code.WRONG_KIND, f"it is a {permission.kind}, and what is asked for is: {wanted}"
    yield from _differs(Code.WRONG_REPO, "repository", permission.repo, live.repo)
    yield from _differs(Code.WRONG_REF, "branch", permission.ref, live.ref)
    match permission:
        case Waiver() | Approval() | Rejection() | Resume() | Grant() | Abort():
            yield from _of_mission(permission, live)
        case StandingWaiver(gates=(gate,)):
            yield from _of_gate(gate, live)
        case StandingWaiver():
            yield Code.WRONG_GATES, "a standing waiver is about one gate"
        case Revocation(revokes=revokes):
            named = live.matter.id if isinstance(live.matter, OfPermission) else None
            yield from _differs(Code.WRONG_KIND, "permission", revokes, named)
        case AcceptRewrite():
            yield from _of_line(permission, live)


def _of_mission(permission: _Answer, live: Live) -> Iterator[No]:
    matter = live.matter
    if not isinstance(matter, OfMission):
        yield Code.WRONG_KIND, f"a {permission.kind} answers a mission's request"
        return
    yield from _differs(Code.WRONG_MISSION, "mission", permission.mission, matter.mission)
    yield from _differs(Code.WRONG_ATTEMPT, "attempt", permission.attempt, matter.attempt)
    yield from _differs(Code.WRONG_SPEC, "spec", permission.spec, matter.spec)
    yield from _differs(Code.WRONG_REQUEST, "request", permission.request, matter.request)
    match permission:
        case Rejection() | Abort():
            return
        case Resume() | Grant():
            yield from _differs(Code.WRONG_POLICY, "policy", permission.policy, matter.policy)
        case Approval(subject=subject):
            yield from _differs(Code.WRONG_POLICY, "policy", permission.policy, matter.policy)
            yield from _subject(subject, matter, by_change=True)
        case Waiver(subject=subject, gates=gates):
            yield from _differs(Code.WRONG_POLICY, "policy", permission.policy, matter.policy)
            for gate in sorted((NEVER_WAIVED | live.non_waivable) & set(gates)):
                yield Code.NOT_WAIVABLE, f"nobody can waive the gate {gate}"
            yield from _differs(Code.WRONG_GATES, "gates", sorted(gates), sorted(matter.gates))
            yield from _subject(subject, matter, by_change=False)


def _subject(
    subject: OfCandidate | OfDocument, matter: OfMission, *, by_change: bool
) -> Iterator[No]:
    match subject, matter.subject:
        case OfCandidate() as shown, Candidate() as now:
            yield from _differs(Code.WRONG_BASE, "base of the request", shown.base, now.base)
            change = now.change if by_change or now.both else now.shown_change
            yield from _differs(Code.WRONG_CHANGE, "change", shown.change, change)
            product = now.shown_product if by_change and not now.both else now.product
            yield from _differs(Code.WRONG_PRODUCT, "product", shown.product, product)
        case OfDocument() as shown, Document() as now:
            yield from _differs(Code.WRONG_BASE, "base of the request", shown.base, now.base)
            yield from _differs(Code.WRONG_DOCUMENT, "document", shown.document, now.document)
        case OfCandidate(), _:
            yield Code.WRONG_PRODUCT, "it names a candidate, and there is none now"
        case OfDocument(), _:
            yield Code.WRONG_DOCUMENT, "it names a document, and what is asked is about none"


def _of_gate(gate: str, live: Live) -> Iterator[No]:
    named = live.matter.gate if isinstance(live.matter, OfGate) else None
    yield from _differs(Code.WRONG_GATES, "gate", gate, named)
    if gate in NEVER_WAIVED | live.non_waivable:
        yield Code.NOT_WAIVABLE, f"nobody can waive the gate {gate}"


def _of_line(permission: AcceptRewrite, live: Live) -> Iterator[No]:
    seen = live.mark.seen if isinstance(live.mark, Rewound) else None
    tip = live.matter.tip if isinstance(live.matter, OfLine) else None
    yield from _differs(Code.WRONG_REWRITE, "line that was seen", permission.rewrite.seen, seen)
    yield from _differs(Code.WRONG_REWRITE, "line that is right", permission.rewrite.tip, tip)


def _differs(code: Code, what: str, named: object, now: object) -> Iterator[No]:
    if named != now:
        yield code, f"its {what} is {named}, and now it is {now}; decide it again"
