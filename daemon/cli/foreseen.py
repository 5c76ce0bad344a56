"""What the daemon would say of a decision that nobody has signed yet, as far as a clone can tell.

By the daemon's own checks, on what this clone has: the same may still be denied there, where a key
is revoked or a rule changed meanwhile. What cannot be told here is left to the daemon.
"""

from datetime import datetime

from daemon.cli.asked import Asking
from daemon.cli.place import Place, policy_at
from daemon.cli.verdicts import requesters_of
from daemon.outside import Outside
from daemon.people.following import governing
from daemon.people.matter import Scene
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.observe import Tip
from gitops.people.faith import Faith
from gitops.people.openssh import OpensshError
from gitops.people.signature import Verifier
from gitops.people.state import NOBODY, State, state_at
from policy.host import Host
from policy.ids import BlobId
from policy.people.check import Denied, foreseen
from policy.people.codes import Code
from policy.people.found import Authentic, Found, Held, Introduced, Refused, Verified
from policy.people.keys import Key, key_of
from policy.people.live import Live
from policy.people.permission import Permission
from policy.people.reading import path_of
from policy.people.roles import APPROVER
from policy.people.trust import Mode
from policy.people.trusted_time import Sane
from policy.rules.load import Effective

_OPENSSH_S: float = Host.model_fields["openssh_s"].default


def denial(
    place: Place,
    tip: Tip,
    permission: Permission,
    public: str,
    *,
    one: Asking | None,
    mode: Mode,
    now: datetime,
) -> Denied | None:
    """Return why *permission* signed by the key *public* would not count; None: not known here.

    *one* is what it answers; None where it is about no mission.
    """
    key = key_of(*public.split()[:2])
    try:
        state = state_at(place.store, tip.tree, NOBODY, governing)
        signer = _signer(place, key if isinstance(key, Key) else None, state, now)
        if isinstance(signer, Refused):
            return Denied(signer.code, signer.why)
        scene = _scene(place, tip, mode, now)
        live = None if one is None else _live(place, scene, state, one)
    except (MissingObjectError, DamagedObjectError, OpensshError):
        return None
    return None if live is None else foreseen(_found(tip, state, permission, signer, now), live)


def _signer(place: Place, key: Key | None, state: State, now: datetime) -> Authentic | Refused:
    verifier = Verifier(_machines(place), _patience(place))
    approver = verifier.approver(key, state, now)
    if isinstance(approver, Refused):
        return approver
    roles = state.governing.permissions.of(approver.principal)
    if APPROVER not in roles:
        why = f"{approver.principal} has not the role {APPROVER}, which waivers/ is changed with"
        return Refused(code=Code.NO_ROLE, why=why)
    return Authentic(principal=approver.principal, key=approver.key, roles=roles)


def _machines(place: Place) -> frozenset[Key]:
    if not isinstance(place.outside, Outside):
        return frozenset()
    return Faith(place.outside.trust, governing, _patience(place)).machines


def _patience(place: Place) -> float:
    return place.outside.host.openssh_s if isinstance(place.outside, Outside) else _OPENSSH_S


def _scene(place: Place, tip: Tip, mode: Mode, now: datetime) -> Scene | None:
    effective = policy_at(place, tip.tree)
    if not isinstance(effective, Effective):
        return None
    return Scene(
        mode=mode,
        machines=_machines(place),
        tip=tip.commit,
        ref=tip.ref,
        root=tip.commit,  # what it is bound to is not asked: the request's own words name it
        effective=effective,
        time=Sane(now=now),
    )


def _live(place: Place, scene: Scene | None, state: State, one: Asking) -> Live | None:
    by = requesters_of(place, one, state.approvers)
    if by is None or scene is None:
        return None
    return scene.live(one.state, one.asked, requesters=by)


def _found(
    tip: Tip, state: State, permission: Permission, signer: Authentic, now: datetime
) -> Found:
    """Return what will lie at the commit after *tip*."""
    return Found(
        path=path_of(permission.id),
        blob=BlobId(""),
        permission=permission,
        tip=tip.commit,
        chain=Verified(tip=tip.commit),
        introduced=Introduced(commit=tip.commit, parents=1),
        signer=signer,
        standing=Held(roles=signer.roles),
        doubts=state.doubts,
        first_seen=now,
    )
