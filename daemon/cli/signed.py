"""A commit that a person signs with their own SSH key, and that brings one file of `waivers/`.

What would keep the daemon from believing it is looked at before: a key that git cannot sign with,
one that is no approver's, a branch that the hub has moved on from, since a rebase would take the
signature off.
"""

import os

from daemon.cli.approver import APPROVER_KEY, public_of
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.place import Place
from daemon.outside import Outside
from gitops.objects import read_blob
from gitops.observe import Tip, blob_at, contains
from gitops.person import Missed, Person, PersonGitError
from gitops.refs import read
from policy.ids import RefName
from policy.people.trust import Mode

APPROVERS = ".pawl/approvers"
_ATTEMPTED = "sign a decision"


def commit_signed(
    place: Place, tip: Tip, *, path: str, content: bytes, subject: str, mode: Mode
) -> str:
    """Commit *content* at *path* on the target and return the commit; refuse before, if at all."""
    branch = tip.ref.removeprefix("refs/heads/")
    person = Person(place.gitdir, os.environ)
    _refuse_elsewhere(place, tip, branch)
    if mode != "unsigned-local":
        _refuse_unsigned(place, tip, person)
    try:
        commit = person.commit(
            tip.commit,
            {path: content},
            f"{subject}\n",
            sign="as_configured" if mode == "unsigned-local" else "always",
        )
        published = person.publish(branch, commit, tip.commit)
    except PersonGitError as error:
        published = Missed(error.said or str(error))
    if isinstance(published, Missed):
        raise RefusedError(
            Exit.GIT,
            attempted="commit",
            on=f"{path} on {branch} of {place.gitdir}",
            why=published.why,
            then="Nothing was changed. Mend that, then try again.",
        )
    return published.commit


def _refuse_elsewhere(place: Place, tip: Tip, branch: str) -> None:
    if branch == tip.ref:
        raise RefusedError(
            Exit.GIT,
            attempted=_ATTEMPTED,
            on=f"on {tip.ref} of {place.gitdir}",
            why="this clone has no branch of its own for it",
            then="Make it: `git switch` to that branch, then try again and push.",
        )
    there = read(place.store, RefName(f"refs/remotes/origin/{branch}"))
    if there is not None and not contains(place.store, tip.commit, there):
        raise RefusedError(
            Exit.GIT,
            attempted=_ATTEMPTED,
            on=f"on {branch} of {place.gitdir}",
            why=f"origin/{branch} is at {there[:12]}, which it does not contain: the commit could "
            "not be pushed, and rebased it would lose its signature",
            then="`git pull --rebase` first, then try again.",
        )


def _refuse_unsigned(place: Place, tip: Tip, person: Person) -> None:
    key, form = person.setting("user.signingKey"), person.setting("gpg.format")
    if not key or form != "ssh":
        what = "gpg.format is not ssh" if key else "git has no user.signingKey"
        raise RefusedError(
            Exit.INVALID,
            attempted=_ATTEMPTED,
            on=f"in {place.gitdir}",
            why=f"{what}: a decision counts only with the SSH signature of an approver",
            then=f"git config gpg.format ssh; git config user.signingKey {_own_key(place)}",
        )
    public, blob = public_of(key), blob_at(place.store, tip.tree, APPROVERS)
    approvers = b"" if blob is None else read_blob(place.store, blob)
    if public is not None and public.encode() not in approvers:
        raise RefusedError(
            Exit.INVALID,
            attempted=_ATTEMPTED,
            on=f"in {place.gitdir} with {key}",
            why=f"{APPROVERS} at {tip.ref.removeprefix('refs/heads/')} does not have that key: the "
            "daemon would not count it",
            then="Somebody who may change that file adds it, or sign with another key "
            "(user.signingKey).",
        )


def _own_key(place: Place) -> str:
    """Return the key that `pawl init --one-person` made, where it did; else where most keep one."""
    if isinstance(place.outside, Outside):
        made = place.outside.config / APPROVER_KEY
        if made.exists():
            return str(made)
    return "~/.ssh/id_ed25519.pub"
