"""The trust file: whom to believe about one repository. It lies outside that repository.

Nothing in a repository can widen it: it names the commit from which the policy's history is
trusted and the only keys whose ledger commits and landings count as a daemon's (DESIGN 4.1).
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from policy.ids import CommitId
from policy.value import Value

Mode = Literal["signed", "one-person", "unsigned-local"]
"""signed: what needs a person needs a signed commit of somebody else than the requester.
one-person: the requester may approve as well; recorded. unsigned-local: demo and tests only."""

PUBLIC_KEY = r"^ssh-ed25519 [A-Za-z0-9+/]{68}( [^\r\n\x00]{1,200})?$"
PublicKey = Annotated[str, StringConstraints(pattern=PUBLIC_KEY)]


class Trust(Value):
    schema_version: Literal[1] = Field(alias="schema")
    introduction: Annotated[CommitId, Field(pattern=r"^[0-9a-f]{40}$")]
    """The commit that brought `.pawl/policy.yaml`, or one accepted since; trusted because this file
    pins its id."""
    target: Annotated[str, Field(pattern=r"^[^\x00-\x20~^:?*\[\\]+$", max_length=200)]
    """The branch that is served, without `refs/heads/`. A policy that names another is refused."""
    daemon_key: PublicKey
    """The daemon's public key, one OpenSSH line."""
    peers: tuple[PublicKey, ...] = ()
    """Daemons of other hosts on the same hub: what they recorded and landed verifies as well."""
    mode: Mode = "signed"
    governs: tuple[Literal["backlog", "unpause"], ...] = ()
    """Governed as well as `.pawl/**` and `waivers/**`: the backlog; taking `.pawl/PAUSE` away."""

    @property
    def daemons(self) -> str:
        """The public keys of all daemons that are believed, one a line: for `signing.verify`."""
        return "\n".join((self.daemon_key, *self.peers))
