"""Who signed a commit, of those whom the state before it names.

The principal comes from the key alone: author and committer are what the commit's maker wrote
(A44). What can be told without ssh-keygen is told first, for the reason; ssh-keygen is asked in any
case, and its no is a no.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from gitops import signing
from gitops.people import openssh
from gitops.people.openssh import Fails, Holds
from gitops.people.state import State
from policy.people.approvers import Approver
from policy.people.codes import Code
from policy.people.found import Authentic, Held, KeyGone, KeyRevoked, Refused, Standing
from policy.people.keys import Key, key_in


@dataclass(frozen=True)
class Verifier:
    """*machines* are keys of daemons and builders; *timeout_s* bounds one ssh-keygen."""

    machines: frozenset[Key]
    timeout_s: float

    def signer(self, raw: bytes, state: State, at: datetime) -> Authentic | Refused:
        """Return who signed the raw commit, as of *at*: when this daemon saw it first.

        Total; raises `OpensshError` only.
        """
        signed = signing.ssh_signature(raw)
        match signed:
            case signing.Unsigned():
                return Refused(code=Code.UNSIGNED, why="it is not signed (git commit -S)")
            case signing.Malformed(why=why):
                return Refused(code=Code.MALFORMED, why=why)
            case signing.SshSigned():
                return self._of_key(signed, state, at)

    def approver(self, key: Key | None, state: State, at: datetime) -> Approver | Refused:
        """Return whose *key* is, of those who may sign as of *at*; None is one of a foreign kind.

        Raises `OpensshError` only.
        """
        approver = next((one for one in state.approvers if one.key == key), None)
        if key in self.machines:
            return Refused(code=Code.MACHINE_KEY, why="a daemon's or a builder's key signed it")
        if approver is None:
            who = key.fingerprint if key is not None else "a key of a kind that may not sign"
            return Refused(code=Code.UNKNOWN_KEY, why=f"it is signed by {who}, no approver's key")
        if self._is_revoked(approver.key, state):
            return Refused(code=Code.KEY_REVOKED, why=f"the key of {approver.principal} is revoked")
        outside = approver.window(at)
        if outside is not None:
            code = Code.KEY_NOT_YET if approver.is_early(at) else Code.KEY_EXPIRED
            seen = f"{at:%Y-%m-%dT%H:%M:%SZ}"
            return Refused(code=code, why=f"{outside}; it was seen first at {seen}")
        return approver

    def _of_key(self, signed: signing.SshSigned, state: State, at: datetime) -> Authentic | Refused:
        approver = self.approver(key_in(signed.blob), state, at)
        if isinstance(approver, Refused):
            return approver
        return self._asked(signed, approver, state, at)

    def _asked(
        self, signed: signing.SshSigned, approver: Approver, state: State, at: datetime
    ) -> Authentic | Refused:
        said = openssh.verify(signed, approver, state.revoked_content, at, timeout_s=self.timeout_s)
        match said:
            case Holds():
                roles = state.governing.permissions.of(approver.principal)
                return Authentic(principal=approver.principal, key=approver.key, roles=roles)
            case Fails(said=why):
                return Refused(code=Code.BAD_SIGNATURE, why=f"ssh-keygen does not verify it: {why}")

    def standing(self, signer: Authentic, state: State) -> Standing:
        """Return what has become of the signer's key in *state*."""
        if self._is_revoked(signer.key, state):
            return KeyRevoked()
        for approver in state.approvers:
            if approver.key == signer.key and approver.principal == signer.principal:
                return Held(roles=state.governing.permissions.of(approver.principal))
        return KeyGone()

    def _is_revoked(self, key: Key, state: State) -> bool:
        if state.revoked.binary:
            return _listed(state.revoked_content, str(key), timeout_s=self.timeout_s)
        return key in state.revoked.keys


_listed = lru_cache(maxsize=256)(openssh.is_listed)
