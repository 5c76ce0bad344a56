"""Who may do what: roles by principal, in the policy, and what each governed path asks for.

A role is a name. Three are known to the chain of commits; a policy may name more and ask for
them where it wants an approval (`approvals[].role`) or lets a gate be waived.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, StringConstraints

from policy.ids import GateName
from policy.value import Value

Role = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Principal = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+@-]{0,99}$")]
POLICY: Role = "policy"
"""May change `.pawl/**`."""
APPROVER: Role = "approver"
"""May change `waivers/**`: give permissions and take them back."""
BACKLOG: Role = "backlog"
"""May change the backlog, where the trust file governs it."""


class Permissions(Value):
    """Key `permissions` of a policy. Read, like the approvers, from the commit before."""

    roles: dict[Principal, tuple[Role, ...]] = Field(default_factory=dict)
    """Roles by principal, as `.pawl/approvers` names them."""
    others: tuple[Role, ...] = (POLICY, APPROVER, BACKLOG)
    """Roles of an approver that `roles` does not name."""
    gates: dict[GateName, Role] = Field(default_factory=dict)
    """Who may waive a gate; an approver where it is not named."""

    def of(self, principal: str) -> frozenset[Role]:
        return frozenset(self.roles.get(principal, self.others))

    def waiving(self, gates: Iterable[GateName]) -> frozenset[Role]:
        """Return the roles it takes to waive all of *gates*."""
        return frozenset({APPROVER, *(self.gates.get(gate, APPROVER) for gate in gates)})


class Waivers(Value):
    """Key `waivers` of a policy: how far a permission may go."""

    max_ttl_s: Annotated[int, Field(ge=1)]
    """A permission expires within this of being seen first."""
    clock_skew_s: Annotated[int, Field(ge=0)]
    """A clock this far behind what was recorded is wrong, and nothing is approved by it."""
    non_waivable: tuple[GateName, ...] = ()
    """Gates nobody can waive, beside those that never can and commands without `waivable`."""
    both: bool = False
    """Whether an approval holds for change and product alike, and a waiver as well."""


NEVER_WAIVED: frozenset[GateName] = frozenset((GateName("protected"), GateName("tree")))
"""What a landing means depends on these (reliability.md R36); a policy can only add to them."""


class Governing(Value):
    """What of a policy the chain of commits is judged by."""

    permissions: Permissions = Permissions()
    backlog: tuple[str, ...] = ()
    """Folder and file of the backlog, from the top of the repository."""
