"""A commit that a person signs with their own SSH key, and that brings one file of `waivers/`.

What would keep the daemon from counting it is looked at before: a key that git cannot sign with,
whose it is and whether they may, a branch that the hub has moved on from, since a rebase would take
the signature off.
"""

import os

from daemon.cli.approver import APPROVER_KEY, public_of
from daemon.cli.asked import Asking
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.foreseen import denial
from daemon.cli.place import Place
from daemon.clock import SystemClock
from daemon.outside import Outside
from gitops.observe import Tip, contains
from gitops.person import Missed, Person, PersonGitError
from gitops.refs import read
from policy.ids import RefName
from policy.people.permission import Permission
from policy.people.reading import path_of, write_permission
from policy.people.trust import Mode

_ATTEMPTED = "sign a decision"


def commit_signed(
    place: Place, tip: Tip, permission: Permission, *, one: Asking | None, subject: str, mode: Mode
) -> str:
    """Commit *permission* on the target and return the commit; refuse before, if at all.

    *one* is what it answers; None where it is about no mission.
    """
    path, content = path_of(permission.id), write_permission(permission).encode()
    branch = tip.ref.removeprefix("refs/heads/")
    person = Person(place.gitdir, os.environ)
    _refuse_elsewhere(place, tip, branch)
    if mode != "unsigned-local":
        key = _signing_key(place, person)
        _refuse_uncounted(place, tip, permission, key, one=one, mode=mode)
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


def _signing_key(place: Place, person: Person) -> str:
    """Return the key git signs with, as it is set; refuse where that is no SSH key."""
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
    return key


def _refuse_uncounted(
    place: Place, tip: Tip, permission: Permission, key: str, *, one: Asking | None, mode: Mode
) -> None:
    public = public_of(key)
    if public is None:
        return  # git may know it; the daemon will
    now = SystemClock().now()
    denied = denial(place, tip, permission, public, one=one, mode=mode, now=now)
    if denied is not None:
        raise RefusedError(
            Exit.INVALID,
            attempted=_ATTEMPTED,
            on=f"in {place.gitdir} with {key}",
            why=f"the daemon would not count it: {denied.code}: {denied.why}",
            then="Nothing was committed. Who may decide is in .pawl/approvers and the policy "
            "(`permissions`); `user.signingKey` says which key git signs with.",
        )


def _own_key(place: Place) -> str:
    """Return the key that `pawl init --one-person` made, where it did; else where most keep one."""
    if isinstance(place.outside, Outside):
        made = place.outside.config / APPROVER_KEY
        if made.exists():
            return str(made)
    return "~/.ssh/id_ed25519.pub"
