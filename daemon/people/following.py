"""The target's line, followed where somebody asks: to say whom it is that has signed what.

Whether a line holds is looked at when a governed path has another content than at the last look, or
when a mission waits for a person or has a decision of theirs. All other commits cost one tree.
"""

from collections.abc import Iterable
from functools import lru_cache, partial

from daemon.people.times import TIMES, Floor, asking, recorded
from daemon.site import Site
from gitops.objects import DamagedObjectError, MissingObjectError, read_tree
from gitops.observe import Tip
from gitops.people.begin import tree_of
from gitops.people.chain import Chain
from gitops.people.faith import Faith
from gitops.people.follower import Follower
from gitops.people.line import Line, line_to, root_of
from gitops.people.openssh import OpensshError
from gitops.people.permissions import permissions
from gitops.people.wished import Wished, wished
from policy.ids import CommitId, ItemId, TreeId
from policy.mission.states import Mission, Waiting
from policy.mission.world import Frozen
from policy.people.codes import Code
from policy.people.found import Broken, Found, Illegible, Verified
from policy.people.permission import instant
from policy.people.reading import FOLDER
from policy.people.roles import Governing
from policy.people.trusted_time import TrustedTime
from policy.problems import Unreadable
from policy.rules.load import load_policy

REMEMBERED = "people.json"
"""In the state directory: how far the line was followed."""
_GOVERNED = (b".pawl", FOLDER.encode())
_KEPT = 32  # policies that are not parsed again


@lru_cache(maxsize=_KEPT)
def governing(content: bytes) -> Governing | Unreadable:
    """Return what of a policy file the line is judged by."""
    found = load_policy(content)
    if isinstance(found, Unreadable):
        return found
    policy = found.policy
    sheet = () if policy.backlog_markdown is None else (policy.backlog_markdown,)
    return Governing(permissions=policy.permissions, backlog=(policy.backlog, *sheet))


class People:
    """Follows the target for one daemon; one thread's."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.faith = Faith(site.trust, governing, site.outside.host.openssh_s)
        self._follower = Follower(site.store, self.faith, site.state / REMEMBERED)
        self._floor = Floor(site.state / TIMES)
        self._last: Chain | None = None
        self._found: tuple[Chain, tuple[Found | Illegible, ...]] | None = None
        self._wished = lru_cache(_KEPT)(partial(wished, site.store))
        self._areas = self._areas_remembered()
        self._calm: TreeId | None = None
        """The tree whose governed paths were found to be those of the last look."""

    def doubt(
        self, tip: Tip, missions: Iterable[Mission], skew_s: int, *, listens: bool
    ) -> Frozen | None:
        """Return why nothing may open or land: governed paths were changed by nobody who may.

        *listens*: the policy asks for what lies in `waivers/` whatever a mission does.
        """
        missions = tuple(missions)
        if not listens and not self._concerns(tip, missions):
            return None
        try:
            return frozen_by(self.chain(tip, missions, skew_s))
        except OpensshError as error:
            return Frozen(why=f"nobody can say who has signed what: {error}")

    def chain(self, tip: Tip, missions: Iterable[Mission], skew_s: int) -> Chain:
        """Return the line up to *tip*, each tip followed once. Raises `OpensshError`."""
        missions = tuple(missions)
        last = self._last
        if last is not None and last.verdict.tip == tip.commit and not _may_pass(last):
            return last
        self._last = self._still_broken(last, tip) or self._follower.at(
            tip.commit,
            now=self.time(skew_s, missions).now,
            seen={one.commit: instant(one.at) for m in missions for one in m.history.seen},
        )
        self._areas = self._areas_of(tip.tree)
        return self._last

    def time(self, skew_s: int, missions: Iterable[Mission]) -> TrustedTime:
        """Return the time to decide by: never before what ledgers and the introduction have."""
        times = recorded(self._site.store, self.faith.introduction, asking(missions))
        self._floor.raised(times, skew_s)
        return self._floor.time(self._site.clock.now(), times, skew_s)

    def found(self, chain: Chain) -> tuple[Found | Illegible, ...]:
        """Return what lies unused in `waivers/` at the end of *chain*, read once for each tip."""
        if self._found is None or self._found[0] is not chain:
            self._found = chain, permissions(self._site.store, chain, self.faith)
        return self._found[1]

    def wished(self, at: CommitId, path: str, item: ItemId) -> Wished:
        """Return who brought *item* as it is at *at*; asked once. Raises `GitError`."""
        return self._wished(at, path, item)

    @property
    def root(self) -> CommitId:
        """The first commit of all: `repo.root_commit` of a permission."""
        remembered = self._last.root if self._last is not None else None
        return remembered or _root(self._site, self._site.trust.introduction)

    def _concerns(self, tip: Tip, missions: tuple[Mission, ...]) -> bool:
        if self._last is not None and self._last.verdict.tip == tip.commit:
            return True
        if any(isinstance(one, Waiting) or one.history.decisions for one in missions):
            return True
        if "backlog" in self._site.trust.governs:
            return True
        if self._calm != tip.tree and self._areas_of(tip.tree) == self._areas:
            self._calm = tip.tree
        return self._calm != tip.tree

    def _areas_of(self, tree: TreeId) -> tuple[object, ...]:
        top = read_tree(self._site.store, tree)
        return tuple(top.get(name) for name in _GOVERNED)

    def _areas_remembered(self) -> tuple[object, ...]:
        """Return the governed paths where the line was last seen to hold; nothing is read twice."""
        at = self._follower.verified
        try:
            return () if at is None else self._areas_of(tree_of(self._site.store, at))
        except (MissingObjectError, DamagedObjectError):
            return ()

    def _still_broken(self, last: Chain | None, tip: Tip) -> Chain | None:
        """Return *last* for a tip further on: what is after a break is nobody's word either."""
        if last is None or _may_pass(last) or not isinstance(last.verdict, Broken):
            return None
        line = line_to(self._site.store, tip.commit, (last.verdict.tip, self.faith.introduction))
        if not isinstance(line, Line) or line.start != last.verdict.tip:
            return None
        verdict = last.verdict.model_copy(update={"tip": tip.commit})
        return Chain(verdict, last.state, last.remembered)


def _may_pass(chain: Chain) -> bool:
    """Return whether a break may be one no more: an object that was not there yet, say."""
    return isinstance(chain.verdict, Broken) and chain.verdict.code is Code.MALFORMED


def frozen_by(chain: Chain) -> Frozen | None:
    """Return why nothing may open or land where the line is *chain*."""
    match chain.verdict:
        case Verified():
            return None
        case Broken(ungoverned=True):
            return None  # nobody could have signed it: only permissions are denied
        case Broken(commit=commit, why=why):
            return Frozen(
                why=f"commit {commit} may not be there: {why}. Put the branch back to before it, "
                "or, once somebody who may has looked at all that came since: pawl doctor "
                "--accept-introduction OID, which believes the line from there on"
            )


_roots: dict[CommitId, CommitId] = {}


def _root(site: Site, introduction: CommitId) -> CommitId:
    if introduction not in _roots:
        _roots[introduction] = root_of(site.store, introduction)
    return _roots[introduction]
