"""A target that was rewritten, and a person who has signed that it is right so.

The permission lies on the new line, in a commit of its own right after the tip that it names: what
it says is that everything up to there is as it should be. The line has to hold as any other.
"""

from dataclasses import dataclass

from daemon.people.following import People
from daemon.people.matter import Scene
from daemon.site import Site
from gitops.objects import read_object
from gitops.observe import Tip
from gitops.people.header import header_of
from gitops.people.openssh import OpensshError
from gitops.people.permissions import permissions
from gitops.repository import Store
from policy.ids import CommitId
from policy.people.check import Valid, check, revoked_by
from policy.people.found import Found
from policy.people.permission import AcceptRewrite
from policy.rules.load import Effective


@dataclass(frozen=True)
class Accepted:
    """*principal* has signed, with *permission*, that the target is right."""

    permission: str
    principal: str | None


def accepted(
    site: Site, people: People, tip: Tip, effective: Effective, seen: CommitId
) -> Accepted | None:
    """Return who accepts that the target, which had come to *seen*, is on another line now."""
    skew_s = effective.policy.waivers.clock_skew_s
    try:
        chain = people.chain(tip, (), skew_s)
    except OpensshError:
        return None  # the freeze that is there lasts until somebody can say
    found = permissions(site.store, chain, people.faith)
    founds = tuple(one for one in found if isinstance(one, Found))
    scene = Scene(
        mode=people.faith.trust.mode,
        machines=people.faith.machines,
        tip=tip.commit,
        ref=tip.ref,
        root=people.root,
        effective=effective,
        time=people.time(skew_s, ()),
        used=chain.used,
        revoked=revoked_by(founds),
    )
    for one in founds:
        named = _parent(site.store, one)
        if isinstance(one.permission, AcceptRewrite) and named is not None:
            said = check(one, scene.of_line(seen, named))
            if isinstance(said, Valid):
                return Accepted(one.path, said.principal)
    return None


def _parent(store: Store, found: Found) -> CommitId | None:
    """Return the commit before the one that brought *found*: that is what was looked at."""
    header = header_of(read_object(store, found.introduced.commit, "commit"))
    return header.parents[0] if header is not None and header.parents else None
