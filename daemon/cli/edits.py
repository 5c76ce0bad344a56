"""Commits a person makes through a command: of one path, on the target, as themselves."""

import os
from collections.abc import Callable
from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.place import Place, open_place, target_of, tip_of
from daemon.cli.scenery import scenery
from daemon.outside import Outside
from gitops.objects import read_blob
from gitops.observe import PAUSE, blob_at, is_paused
from gitops.person import Missed, Person, PersonGitError
from policy.backlog.edit import EditRefused
from policy.backlog.forms import set_in
from policy.backlog.graph import Filed
from policy.ids import ItemId, TreeId

Edit = Callable[[bytes | None], bytes | None]
"""From a file's content at the tip to what it shall be; None is "not there"."""


def pause(start: Path, *, reason: str, as_json: bool) -> Exit:
    place = open_place(start)
    tip = tip_of(place, target_of(place))
    if is_paused(place.store, tip.tree):
        return answer(None, "it is paused already", as_json=as_json)
    text = f"{reason or 'paused'}\n".encode()
    commit = commit_edit(place, PAUSE, lambda _: text, f"pawl: pause{_because(reason)}")
    told = f"paused: nothing starts, nothing lands, until `pawl unpause`{elsewhere(place)}"
    return answer(commit, told, as_json=as_json)


def unpause(start: Path, *, as_json: bool) -> Exit:
    place = open_place(start)
    tip = tip_of(place, target_of(place))
    if not is_paused(place.store, tip.tree):
        return answer(None, "it is not paused", as_json=as_json)
    commit = commit_edit(place, PAUSE, lambda _: None, "pawl: unpause")
    return answer(commit, f"unpaused: work goes on{elsewhere(place)}", as_json=as_json)


def retry(start: Path, name: str, *, as_json: bool) -> Exit:
    """Raise `reopen` by one, and set a status that is an end back to todo."""
    place = open_place(start)
    filed = _filed(place, name)
    again = filed.item.reopen + 1
    todo = () if filed.item.status == "todo" else (("status", "todo"),)
    commit = commit_edit(
        place,
        filed.path,
        _setting(filed, ("reopen", again), *todo),
        f"{filed.item.id}: run it again",
    )
    text = f"{filed.item.id} runs again (reopen: {again}){elsewhere(place)}"
    return answer(commit, text, as_json=as_json)


def cancel(start: Path, name: str, *, as_json: bool) -> Exit:
    """Set `status: cancelled`: a running mission ends, and the item does not run again.

    An entry of a Markdown backlog, whose grammar has no such status, is blocked: `[!]`.
    """
    place = open_place(start)
    filed = _filed(place, name)
    if filed.item.status == "cancelled":
        return answer(None, f"{filed.item.id} is cancelled already", as_json=as_json)
    if filed.item.status == "done":
        text = f"{filed.item.id} is done: nothing is left to cancel, and its change stays landed"
        return answer(None, text, as_json=as_json)
    if filed.held is not None:
        text = f"{filed.item.id} is not run as it is: {filed.held}"
        return answer(None, text, as_json=as_json)
    edit = _setting(filed, ("status", "cancelled"))
    commit = commit_edit(place, filed.path, edit, f"{filed.item.id}: cancelled")
    text = f"{filed.item.id} is cancelled{elsewhere(place)}"
    return answer(commit, text, as_json=as_json)


def _filed(place: Place, name: str) -> Filed:
    item = ItemId(name.partition("@")[0])
    found = scenery(place, tip_of(place, target_of(place))).scene.backlog.items.get(item)
    if found is None:
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted="change",
            on=name,
            why="the backlog at the target's tip has no readable item of that id",
            then="`pawl explain` lists every item.",
        )
    return found


def _setting(filed: Filed, *settings: tuple[str, str | int]) -> Edit:
    def edit(content: bytes | None) -> bytes:
        edited = content or b""
        for key, value in settings:
            found = set_in(filed.path, edited, filed.item.item_id, key, value)
            if isinstance(found, EditRefused):
                raise RefusedError(
                    Exit.INVALID,
                    attempted=f"set `{key}: {value}` in",
                    on=filed.path,
                    why=found.why,
                    then="Edit and commit it by hand.",
                )
            edited = found
        return edited

    return edit


def commit_edit(place: Place, path: str, edit: Edit, message: str) -> str:
    """Commit *edit* of *path* on the target; return the commit. Refuses with exit 5."""
    target = target_of(place)
    branch = target.removeprefix("refs/heads/")
    attempted, on = "commit", f"{path} on {branch} of {place.gitdir}"
    if branch == target:
        raise RefusedError(
            Exit.GIT,
            attempted=attempted,
            on=on,
            why=f"this clone has no branch of its own, only {target}",
            then="Make it: `git switch` to that branch, then try again and push.",
        )
    tip = tip_of(place, target)
    person = Person(place.gitdir, os.environ)
    try:
        wanted = edit(_content(place, tip.tree, path))
        commit = person.commit(tip.commit, {path: wanted}, f"{message}\n")
        published = person.publish(branch, commit, tip.commit)
    except PersonGitError as error:
        published = Missed(error.said or str(error))
    if isinstance(published, Missed):
        raise RefusedError(
            Exit.GIT,
            attempted=attempted,
            on=on,
            why=published.why,
            then="Nothing was changed. If the file has changes of yours, commit or drop them; if "
            "a landing is under way, try again.",
        )
    return published.commit


def _content(place: Place, tree: TreeId, path: str) -> bytes | None:
    blob = blob_at(place.store, tree, path)
    return None if blob is None else read_blob(place.store, blob)


def answer(commit: str | None, text: str, *, as_json: bool) -> Exit:
    """Tell what was committed, or that nothing had to be."""
    if as_json:
        output.dump({"schema": 1, "commit": commit, "text": text})
    else:
        output.say(text if commit is None else f"{text} ({commit[:12]})")
    return Exit.OK


def elsewhere(place: Place) -> str:
    """Say what is still to be done where no daemon serves: a commit in a clone is not pushed."""
    if not isinstance(place.outside, Outside) or not place.outside.key.exists():
        return "; once it is pushed to where the daemon works"
    remote = place.outside.host.remote
    return "" if remote is None else f"; once it is pushed to the hub, {remote.url}"


def _because(reason: str) -> str:
    return f": {' '.join(reason.split())}" if reason else ""
