"""`pawl init --introduction OID`: a clone of a repository that pawl serves already.

Nothing is committed. The clone gets its own outside and, with a remote, the refs of open missions.
"""

import os
import re

import pygit2

from daemon.cli.init import Checkout, Initialised, clean_checkout, refused, repository_name
from daemon.cli.place import Place
from daemon.cli.settle import settle
from daemon.cli.toolchains import detect
from daemon.outside import KEY_FILE, Absent, free_name
from daemon.people.following import governing
from gitops.commits import tree_of
from gitops.ledger.reading import Trust, trust
from gitops.objects import read_object
from gitops.observe import POLICY, blob_at, contains, follows
from gitops.people.state import NOBODY, state_at
from gitops.person import Person
from gitops.refs import LEDGER, branch_ref, create, read
from gitops.signing import DaemonKey
from policy.ids import CommitId, RefName, TreeId
from policy.people.trust import PUBLIC_KEY, Mode

_REMOTE_LEDGER = RefName("refs/remotes/origin/pawl/ledger")
_REFSPEC = "+refs/pawl/*:refs/pawl/*"


def adopt(
    place: Place,
    person: Person,
    mode: Mode,
    *,
    introduction: CommitId,
    daemon_key: str | None = None,
    peers: tuple[str, ...] = (),
) -> Initialised:
    """Trust the repository from *introduction* on.

    *daemon_key* is the public key of the daemon whose ledger is to be read; None: this clone gets
    a daemon key of its own, and of what other daemons recorded only that of *peers*, their public
    keys, is believed.
    """
    checkout = hub(place) if place.store.repo.is_bare else clean_checkout(place, person)
    if checkout.tip is None or not _introduces(place, checkout.tip, introduction):
        raise refused(
            place,
            f"{introduction} is not a commit of {checkout.branch} that brought {POLICY}, nor one "
            f"of its own line with approvers and a {POLICY} that can be read",
            "Use the `introduction` of the trust file on the build host: the commit that `pawl "
            "init` printed, or the one accepted since.",
        )
    for key in (*((daemon_key,) if daemon_key is not None else ()), *peers):
        _refuse_no_key(place, key)
    name = _name(place, checkout)
    if daemon_key is None:
        _refuse_foreign_ledger(place, name, peers)
    _fetch_from_now_on(place, person, reads_only=daemon_key is not None)
    toolchains = detect(checkout.path, os.environ)
    outside = settle(
        place,
        name,
        introduction=introduction,
        tip=checkout.tip,
        branch=checkout.branch,
        mode=mode,
        toolchains=toolchains,
        daemon_key=daemon_key,
        peers=peers,
    )
    return Initialised(outside, checkout, introduction, checkout.tip, toolchains)


def hub(place: Place) -> Checkout:
    """Return a bare repository people push to as if its HEAD were checked out, and clean."""
    head = place.store.repo.references["HEAD"].target
    branch = str(head).removeprefix("refs/heads/")
    tip = read(place.store, branch_ref(branch))
    name = place.gitdir.with_name(place.gitdir.name.removesuffix(".git") or place.gitdir.name)
    return Checkout(name, branch, tip, frozenset())


def _refuse_no_key(place: Place, key: str) -> None:
    if not re.fullmatch(PUBLIC_KEY, key):
        raise refused(
            place,
            f"{key!r} is not a daemon's public key",
            "Use the line `ssh-ed25519 AAAA...` of `daemon_key` in the trust file there.",
        )


def _name(place: Place, checkout: Checkout) -> str:
    """Return the name of the folders that are about this repository, or are to be."""
    if isinstance(place.outside, Absent):
        return free_name(place.roots, repository_name(checkout.path), place.gitdir)
    return place.outside.config.name


def _refuse_foreign_ledger(place: Place, name: str, peers: tuple[str, ...]) -> None:
    """Refuse a ledger that the daemon here could not go on with: it would freeze at once."""
    ledger = read(place.store, LEDGER) or read(place.store, _REMOTE_LEDGER)
    if ledger is None:
        return
    path = place.roots.config / name / KEY_FILE
    own = (DaemonKey.load(path).public,) if path.exists() else ()
    whose, why = trust(read_object(place.store, ledger, "commit"), "\n".join((*own, *peers)))
    if whose is not Trust.VERIFIED:
        raise refused(
            place,
            f"there is a ledger, {LEDGER} at {ledger}, and no key that is believed here wrote its "
            f"tip: {why}",
            'If another host of yours did: `--peer "ssh-ed25519 ..."`, with its daemon key. If '
            "that key was stolen: keep the branch by another name, `git branch -m pawl/ledger "
            'ledger-until-the-theft`, and go on as docs/operations.md says ("The daemon\'s key").',
        )


def _introduces(place: Place, tip: CommitId, introduction: CommitId) -> bool:
    if not re.fullmatch(r"[0-9a-f]{40}", introduction):
        return False
    if _is_accepted(place, tip, introduction):
        return True
    if not contains(place.store, tip, introduction):
        return False
    commit = place.store.repo[introduction]
    if not isinstance(commit, pygit2.Commit) or not _has_policy(place, commit):
        return False
    return not any(_has_policy(place, parent) for parent in commit.parents)


def _is_accepted(place: Place, tip: CommitId, introduction: CommitId) -> bool:
    """Tell whether `doctor --accept-introduction` takes it as well, and somebody may decide."""
    if not follows(place.store, tip, introduction):
        return False
    state = state_at(place.store, tree_of(place.store, introduction), NOBODY, governing)
    return bool(state.approvers) and not state.doubts


def _has_policy(place: Place, commit: pygit2.Commit) -> bool:
    return blob_at(place.store, TreeId(str(commit.tree_id)), POLICY) is not None


def _fetch_from_now_on(place: Place, person: Person, *, reads_only: bool) -> None:
    """Have the ledger as a branch of this clone, and make `git fetch` bring open missions.

    Not where a daemon of its own will work: a fetch by hand would move its missions' refs.
    """
    if reads_only and person.setting("remote.origin.url") is not None:
        person.add_setting("remote.origin.fetch", _REFSPEC)
    ledger = read(place.store, _REMOTE_LEDGER)
    if ledger is not None:
        create(place.store, LEDGER, ledger)
