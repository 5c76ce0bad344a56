"""The commands by which people decide: `approve`, `reject`, `resume`, `grant`, `abort`, `revoke`.

Each writes one file into `waivers/`, commits it signed by the person's own key, and does nothing
else. What counts is decided by the daemon, from that commit alone; what it would refuse for sure is
refused here first, with the same words.
"""

import json
import re
import sys
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from daemon.cli import output
from daemon.cli.asked import Asking, asking_of, page_of, ready_made
from daemon.cli.edits import answer, elsewhere
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.missions import Missions
from daemon.cli.place import Place, open_place, policy_at, target_of, tip_of
from daemon.cli.show import readable
from daemon.cli.shown import told
from daemon.cli.signed import commit_signed
from daemon.clock import SystemClock
from daemon.outside import Outside
from gitops.objects import read_blob, read_tree
from gitops.observe import Tip, blob_at, entry_at
from policy.people.permission import FORMS, Instant, Kind, Permission, Revocation, instant
from policy.people.reading import FOLDER, path_of, read_permission
from policy.people.trust import Mode
from policy.people.verbs import Verb, kind_of
from policy.problems import Unreadable, problems_of
from policy.strictyaml import Plain


@dataclass(frozen=True)
class Words:
    """What a person says on the command line. *yes*: without asking again."""

    reason: str
    expires: str | None = None
    request: str | None = None
    attempts: int | None = None
    iterations: int | None = None
    tokens: int | None = None
    yes: bool = False


def decide(start: Path, verb: Verb, name: str, words: Words, *, as_json: bool) -> Exit:
    """Show the request, write the answer, commit it signed; exit 4 where nothing is asked."""
    place = open_place(start)
    tip = tip_of(place, target_of(place))
    known = readable(Missions(place).named(name), verb)
    one = asking_of(known, verb, words.request)
    kind = kind_of(verb, one.asked.need)
    if kind is None:
        raise _no_answer(verb, one)
    written = _permission(place, tip, one, kind, words)
    if not _agreed(place, one, verb, words, as_json=as_json):
        return answer(None, "nothing was committed", as_json=as_json)
    commit = commit_signed(
        place,
        tip,
        written,
        one=one,
        subject=f"{known.mission}: {kind}, request {one.number}",
        mode=_mode(place, one),
    )
    text = f"{known.mission}: {kind} {written.id} is committed{elsewhere(place)}"
    return answer(commit, text, as_json=as_json)


def revoke(start: Path, name: str, words: Words, *, as_json: bool) -> Exit:
    """Take a permission back: from that commit on it counts nowhere any more."""
    place = open_place(start)
    tip = tip_of(place, target_of(place))
    path = path_of(name)
    blob = blob_at(place.store, tip.tree, path)
    found = None if blob is None else read_permission(read_blob(place.store, blob), name)
    if found is None or isinstance(found, Unreadable):
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted="revoke",
            on=name,
            why=str(found) if found is not None else f"the target's tip has no {path}",
            then="`pawl inbox --why` lists the permissions there are.",
        )
    if _revoked(place, tip, name):
        return answer(None, f"{name} is revoked already", as_json=as_json)
    row: dict[str, Plain] = {
        "schema": 1,
        "kind": "revocation",
        "id": _new_id(),
        "repo": found.repo.model_dump(mode="json"),
        "ref": found.ref,
        "revokes": name,
        "reason": words.reason,
    }
    written = _made("revocation", row)
    output.warn(f"{found.kind} {name}: {found.reason}")
    if not _confirmed("revoke", name, words):
        return answer(None, "nothing was committed", as_json=as_json)
    commit = commit_signed(
        place,
        tip,
        written,
        one=None,
        subject=f"revoke {found.kind} {name}",
        mode=_mode(place, None),
    )
    return answer(commit, f"{name} is revoked{elsewhere(place)}", as_json=as_json)


def _no_answer(verb: Verb, one: Asking) -> RefusedError:
    mission = one.known.mission
    could = ", ".join(f"`pawl {other} {mission}`" for other in one.verbs)
    return RefusedError(
        Exit.USAGE,
        attempted=verb,
        on=f"request {one.number} of {mission}",
        why=f"that is no answer to what it asks: {one.asked.why}",
        then=f"These are: {could}.",
    )


# what is written


def _permission(place: Place, tip: Tip, one: Asking, kind: Kind, words: Words) -> Permission:
    row = ready_made(place.store, one, kind)
    row |= {"id": _new_id(), "reason": words.reason}
    if "expires" in row:
        row["expires"] = _expires(place, tip, words, str(row["expires"]))
    if kind == "grant":
        counts = (("attempts", words.attempts), ("iterations", words.iterations),
                  ("tokens", words.tokens))  # fmt: skip
        named: dict[str, Plain] = {name: count for name, count in counts if count is not None}
        row["grant"] = named or row["grant"]
    return _made(kind, row)


def _made(kind: Kind, row: dict[str, Plain]) -> Permission:
    try:
        return FORMS[kind].model_validate_json(json.dumps(row))
    except ValidationError as error:
        raise RefusedError(
            Exit.USAGE,
            attempted="write",
            on=f"this {kind}",
            why=[problem.text for problem in problems_of(error, {})],
            then="Say it otherwise; nothing was committed.",
        ) from error


_SPAN = re.compile(r"([1-9][0-9]{0,4})([hd])")


def _expires(place: Place, tip: Tip, words: Words, ready: Instant) -> Instant:
    """Return when the answer is over: as late as the policy lets it, unless less is asked for.

    *ready* is what the ready-made one has: by the daemon's own clock, when it asked.
    """
    now, effective = SystemClock().now(), policy_at(place, tip.tree)
    if isinstance(effective, Unreadable):
        raise _broken(tip, effective)
    limits = effective.policy.waivers
    # it is seen first by a clock that may be behind this one
    spared = now + timedelta(seconds=max(1, limits.max_ttl_s - limits.clock_skew_s))
    latest = max(spared, instant(ready))
    if words.expires is None:
        return _instant(latest)
    moment = _moment(words.expires, now)
    if moment is not None and now < moment <= latest:
        return _instant(moment)
    why = "that is no time" if moment is None else "that is over"
    if moment is not None and moment > latest:
        why = f"decisions may last {limits.max_ttl_s} s (policy: waivers.max_ttl_s)"
    raise RefusedError(
        Exit.USAGE,
        attempted="have it expire at",
        on=words.expires,
        why=why,
        then="Write 12h, 3d, or a time in UTC such as 2026-12-01T12:00:00Z.",
    )


def _moment(text: str, now: datetime) -> datetime | None:
    span = _SPAN.fullmatch(text)
    if span is not None:
        return now + timedelta(hours=int(span[1]) * (24 if span[2] == "d" else 1))
    try:
        return instant(text)
    except ValueError:
        return None


def _broken(tip: Tip, effective: Unreadable) -> RefusedError:
    return RefusedError(
        Exit.INVALID,
        attempted="read the policy at",
        on=tip.commit,
        why=[str(problem) for problem in effective.problems],
        then="Nothing lands until it is mended, whatever is decided.",
    )


def _instant(moment: datetime) -> Instant:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _new_id() -> str:
    return str(uuid.uuid4())


def _revoked(place: Place, tip: Tip, name: str) -> bool:
    folder = entry_at(place.store, tip.tree, FOLDER)
    for file in read_tree(place.store, folder[1]) if folder is not None else ():
        path = f"{FOLDER}/{file.decode('utf-8', 'replace')}"
        blob = blob_at(place.store, tip.tree, path)
        if blob is None or not path.endswith(".yaml"):
            continue
        stem = path.removeprefix(f"{FOLDER}/").removesuffix(".yaml")
        found = read_permission(read_blob(place.store, blob), stem)
        if isinstance(found, Revocation) and found.revokes == name:
            return True
    return False


# whether it is meant


def _agreed(place: Place, one: Asking, verb: Verb, words: Words, *, as_json: bool) -> bool:
    lines = told(one, page_of(place.store, one))
    (output.warn if as_json else output.say)(*lines)
    return _confirmed(verb, one.known.mission, words)


def _confirmed(verb: str, on: str, words: Words) -> bool:
    if words.yes:
        return True
    if not sys.stdin.isatty():
        raise RefusedError(
            Exit.USAGE,
            attempted=verb,
            on=on,
            why="nobody is at a terminal to say yes",
            then="Add --yes where what is asked has been read.",
        )
    output.warn(f"{verb} {on}? Type yes:")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _mode(place: Place, one: Asking | None) -> Mode:
    """Return whose word counts: by the trust file, in a plain clone by the request."""
    if isinstance(place.outside, Outside):
        return place.outside.trust.mode
    said = page_of(place.store, one).get("mode") if one is not None else None
    return next((mode for mode in get_args(Mode) if mode == said), "signed")
