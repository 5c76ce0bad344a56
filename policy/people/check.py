"""Whether a permission holds: the ten steps of reliability.md 6.3, in order, each on its own.

Any "no" is a code and a sentence. Each step says no to its own part alone and takes no other one
for granted, so a test can leave one out and see what it was there for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from policy.ids import BlobId
from policy.people import found as f
from policy.people.bindings import bindings
from policy.people.codes import Code
from policy.people.found import Authentic, Found, Refused
from policy.people.live import Live, OfMission, Rewound
from policy.people.permission import (
    Abort,
    AcceptRewrite,
    Permission,
    PermissionId,
    Rejection,
    Revocation,
    StandingWaiver,
    instant,
)
from policy.people.reading import path_of
from policy.people.requesters import asked_for_it
from policy.people.trusted_time import Behind


@dataclass(frozen=True)
class Denied:
    """It does not count. *why* says what was expected and what to do."""

    code: Code
    why: str


@dataclass(frozen=True)
class Valid:
    """It counts, for this matter, at this tip."""

    permission: Permission
    blob: BlobId
    principal: str | None
    """None: nobody's signature was asked for (unsigned-local)."""
    own_request: bool
    """Whether the requester decided it: only in modes that let them; recorded."""


Step = Callable[[Found, Live], Iterator[Denied]]


def check(found: Found, live: Live, steps: Sequence[Step] | None = None) -> Valid | Denied:
    """Return whether *found* holds for *live*: the first no of the first step that has one."""
    for step in STEPS if steps is None else steps:
        for denied in step(found, live):
            return denied
    principal = found.signer.principal if isinstance(found.signer, Authentic) else None
    own = principal is not None and _asked_for_it(principal, live)
    return Valid(found.permission, found.blob, principal, own_request=own)


def foreseen(found: Found, live: Live) -> Denied | None:
    """Return what will be said of a decision that is not committed yet, *found* as it will be.

    Who decides it, and until when; what it is bound to is the request's own.
    """
    said = check(found, live, (_chain, _signed, _principal, _in_time))
    return said if isinstance(said, Denied) else None


def was_given(found: Found, live: Live) -> bool:
    """Return whether somebody who may has signed *found*, whatever it is about, and still means it.

    One that a landing has used holds beyond its time: what it let happen has happened.
    """
    steps = (_pinned, _mark, _chain, _introduced, _signed, _principal)
    if not isinstance(check(found, live, steps), Valid) or found.permission.id in live.revoked:
        return False
    return found.blob in live.used or isinstance(check(found, live, (_in_time,)), Valid)


def revoked_by(founds: Sequence[Found]) -> frozenset[PermissionId]:
    """Return the ids that revocations at the tip name; in doubt a revocation counts.

    One too many stops a permission, one too few lets it through: one that was merged in counts
    whoever merged it, and one of an approver counts also when the key has expired since.
    """
    return frozenset(
        found.permission.revokes
        for found in founds
        if isinstance(found.permission, Revocation) and not _by_a_stranger(found)
    )


def _by_a_stranger(found: Found) -> bool:
    if not isinstance(found.signer, Refused) or found.introduced.parents != 1:
        return False
    return found.signer.code not in {Code.KEY_NOT_YET, Code.KEY_EXPIRED, Code.KEY_REVOKED}


def _pinned(found: Found, live: Live) -> Iterator[Denied]:
    if found.tip != live.tip:
        yield Denied(
            Code.READ_ELSEWHERE,
            f"it was read at {found.tip}, and the target is pinned at {live.tip}; read it again",
        )


def _mark(found: Found, live: Live) -> Iterator[Denied]:
    match live.mark:
        case Rewound(why=why) if not isinstance(found.permission, AcceptRewrite):
            yield Denied(Code.ROLLED_BACK, why)
        case _:
            return


def _chain(found: Found, live: Live) -> Iterator[Denied]:
    if live.mode == "unsigned-local":
        return
    if isinstance(found.chain, f.Broken):
        yield Denied(Code.CHAIN_BROKEN, f"{found.chain.commit}: {found.chain.why}")
    for doubt in found.doubts:
        yield Denied(Code.RULES_UNREADABLE, doubt)


def _introduced(found: Found, live: Live) -> Iterator[Denied]:
    by = found.introduced
    if found.path != path_of(found.permission.id):
        text = f"it is {found.path} and names itself {found.permission.id}; do not rename it"
        yield Denied(Code.WRONG_NAME, text)
    if by.edited:
        text = f"{by.commit} changed a file that was there; write a new file with a new id"
        yield Denied(Code.EDITED, text)
    if by.parents != 1:
        text = f"{by.commit} merged it in; commit it on {live.ref} itself (rebase, do not merge)"
        yield Denied(Code.MERGED_IN, text)
    if by.others:
        text = f"{by.commit} changes {by.others[0]} too; commit the permission alone"
        yield Denied(Code.MIXED_COMMIT, text)


def _signed(found: Found, live: Live) -> Iterator[Denied]:
    if live.mode == "unsigned-local":
        return
    match found.signer:
        case Refused(code=code, why=why):
            yield Denied(code, why)
        case f.Unasked():
            yield Denied(Code.UNSIGNED, "its signature was not looked at")
        case Authentic(principal=principal):
            match found.standing:
                case f.KeyRevoked():
                    text = f"the key of {principal} has been revoked since"
                    yield Denied(Code.KEY_REVOKED, text)
                case f.KeyGone():
                    text = f"the key of {principal} is not among the approvers any more"
                    yield Denied(Code.KEY_GONE, text)
                case f.Held():
                    return


def _principal(found: Found, live: Live) -> Iterator[Denied]:
    if not isinstance(found.signer, Authentic):
        return
    signer = found.signer
    if signer.key in live.machine_keys:
        yield Denied(Code.MACHINE_KEY, "a daemon's or a builder's key signed it; a person's must")
    now = found.standing.roles if isinstance(found.standing, f.Held) else signer.roles
    missing = sorted(live.roles - (signer.roles & now))
    if missing:
        text = f"{signer.principal} has not the role {missing[0]}; somebody who has it decides this"
        yield Denied(Code.NO_ROLE, text)
    no = isinstance(found.permission, Rejection | Abort)  # who asked may think better of it
    if live.mode == "signed" and not no and _asked_for_it(signer.principal, live):
        text = f"{signer.principal} asked for this work; somebody else decides it"
        yield Denied(Code.OWN_REQUEST, text)


def _bound(found: Found, live: Live) -> Iterator[Denied]:
    yield from (Denied(code, why) for code, why in bindings(found.permission, live))


def _in_time(found: Found, live: Live) -> Iterator[Denied]:
    if isinstance(live.time, Behind):
        yield Denied(Code.CLOCK_BEHIND, live.time.why)
    permission = found.permission
    if isinstance(permission, Rejection | Abort | Revocation):
        return  # a no does not grow old
    expires = instant(permission.expires)
    if expires <= live.time.now:
        text = f"it expired at {permission.expires}; decide it again"
        yield Denied(Code.EXPIRED, text)
    latest = found.first_seen + timedelta(seconds=live.max_ttl_s)
    if expires > latest:
        text = f"it expires at {permission.expires}; the latest is {latest:%Y-%m-%dT%H:%M:%SZ}"
        yield Denied(Code.TTL_TOO_LONG, text)


def _once(found: Found, live: Live) -> Iterator[Denied]:
    if found.blob in live.used and not isinstance(found.permission, StandingWaiver):
        yield Denied(Code.USED, "it was used before; a permission counts once")
    if found.permission.id in live.revoked:
        yield Denied(Code.REVOKED, "it was taken back")


def _unmoved(found: Found, live: Live) -> Iterator[Denied]:
    if live.parent is not None and live.parent != found.tip:
        text = f"what lands is built on {live.parent}, and this was read at {found.tip}"
        yield Denied(Code.TARGET_MOVED, f"{text}; build it anew")


def _asked_for_it(principal: str, live: Live) -> bool:
    return isinstance(live.matter, OfMission) and asked_for_it(principal, live.matter.requesters)


STEPS: tuple[Step, ...] = (
    _pinned,
    _mark,
    _chain,
    _introduced,
    _signed,
    _principal,
    _bound,
    _in_time,
    _once,
    _unmoved,
)
"""In the order of reliability.md 6.3; step 10 is what a landing must hold, and is asked here."""
