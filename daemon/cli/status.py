"""The command `status`: what is open, what ended last, what stands in the way."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from daemon.cli import output
from daemon.cli.asked import asking
from daemon.cli.exits import Exit
from daemon.cli.hub import hub_lines
from daemon.cli.missions import Ended, Known, Missions, Unknown, absent, entry
from daemon.cli.place import Place, open_place, target_of, tip_of
from daemon.cli.resting import Resting, last_said
from daemon.cli.scenery import BrokenPolicyError, Scenery, scenery
from daemon.cli.show import outcome_of
from daemon.clock import SystemClock
from daemon.ground import of_repository, of_state
from daemon.health import read_health
from daemon.outside import Outside
from daemon.shortage import short_of_room
from gitops.objects import read_blob
from gitops.observe import PAUSE, Tip, blob_at, is_paused
from gitops.processes import is_alive
from policy.backlog.rank import Natural, natural


def status(start: Path, *, watch: bool, as_json: bool) -> Exit:
    place = open_place(start)
    if not watch:
        return tell(place, as_json=as_json)
    from daemon.cli.watching import changes  # noqa: PLC0415 - the other form starts without it

    for _ in changes(place.gitdir):
        if sys.stdout.isatty() and not as_json:
            sys.stdout.write(_CLEAR)
        tell(open_place(start), as_json=as_json)
    return Exit.OK


_REASON = 200
"""Characters of `.pawl/PAUSE` that are shown."""
_CLEAR = "\x1b[H\x1b[2J"


def tell(place: Place, *, as_json: bool) -> Exit:
    """Print where things stand; a broken policy is told with the rest, and is exit 3."""
    tip = tip_of(place, target_of(place))
    found = _seen(place, tip)
    if as_json:
        output.dump(_object(place, tip, found))
    else:
        _tell(place, tip, found)
    return found.chosen.code if isinstance(found.chosen, BrokenPolicyError) else Exit.OK


@dataclass(frozen=True)
class _Seen:
    """What can be told at a tip, also where nothing can be selected there."""

    missions: Missions
    opened: tuple[Known | Unknown, ...]
    paused: bool
    chosen: Scenery | BrokenPolicyError


def _seen(place: Place, tip: Tip) -> _Seen:
    paused = is_paused(place.store, tip.tree)
    try:
        found = scenery(place, tip)
    except BrokenPolicyError as error:
        missions = Missions(place)
        return _Seen(missions, tuple(missions.opened()), paused, error)
    return _Seen(found.missions, found.opened, paused, found)


def _object(place: Place, tip: Tip, found: _Seen) -> dict[str, object]:
    skipped = found.chosen.selection.skipped if isinstance(found.chosen, Scenery) else {}
    return {
        **({} if isinstance(found.chosen, Scenery) else found.chosen.as_json()),
        "schema": 1,
        "missions": [
            {**absent(one), "why": one.why} if isinstance(one, Unknown) else entry(one.summary)
            for one in (*found.opened, *_by_time(found.missions.closed()))
        ],
        "skipped": {item: skip.reason for item, skip in skipped.items()},
        "target": {"ref": tip.ref, "commit": tip.commit},
        "paused": found.paused,
        "doubt": place.doubt,
        "daemon": _health(place),
        "in_the_way": list(_in_the_way(place)),
        "notify": _notify(place),
    }


def _health(place: Place) -> dict[str, object] | None:
    return read_health(place.outside.state) if isinstance(place.outside, Outside) else None


def _notify(place: Place) -> dict[str, dict[str, object]]:
    """Return how it goes with those that people are told of something by, if there are any."""
    if not isinstance(place.outside, Outside) or not place.outside.host.notify:
        return {}
    from daemon.cli.notified import notify_rows  # noqa: PLC0415  # few name any, and it costs

    return notify_rows(place.outside)


def _in_the_way(place: Place) -> Iterator[str]:
    """Yield what hinders work here now, and may have hindered the daemon from saying it."""
    if not isinstance(place.outside, Outside):
        return
    outside = place.outside
    for one in (*of_state(outside.state), *of_repository(place.gitdir, target_of(place))):
        yield f"cannot write {one.path}: {one.why}; {one.then}"
    short = short_of_room(outside)
    if short is not None:
        yield f"{short}; what was found last may not be written down"


def _tell(place: Place, tip: Tip, found: _Seen) -> None:
    at = f"{tip.ref.removeprefix('refs/heads/')} at {tip.commit[:12]}"
    output.say(f"{at}{_paused(place, tip, found)}")
    output.say(f"daemon: {_daemon(place)}")
    output.say(*(f"host: {why}" for why in _in_the_way(place)))
    output.say(*hub_lines(place))
    output.say(*(f"notify: {name}: {row['said']}" for name, row in _notify(place).items()))
    unserved = (_health(place) or {}).get("unserved")
    if unserved:
        output.say(f"metrics: {unserved}")
    if place.doubt:
        output.say(place.doubt)
    opened, closed = found.opened, found.missions.count_closed()
    if opened:
        output.say("", f"{len(opened)} open")
        held_up = last_said(place)
        rows = [_open_row(one, held_up.get(one.mission)) for one in opened]
        output.table(("mission", "state", "title", "why"), rows)
        output.say(*(f"{one.known.mission}: {one.words}" for one in asking(opened)))
    if closed:
        more = "" if closed <= _SHOWN else f", the last {_SHOWN}"
        output.say("", f"{closed} closed{more}")
        rows = [_row(one) for one in _by_time(found.missions.closed(newest=_SHOWN))]
        output.table(("mission", "outcome", "title", "why"), rows)
    match found.chosen:
        case Scenery() as chosen:
            _tell_selection(chosen)
        case BrokenPolicyError() as error:
            output.warn(error.text())


def _tell_selection(found: Scenery) -> None:
    chosen = found.selection
    unread = found.scene.backlog.bad
    for bad in unread:
        output.say("", f"invalid: {bad}")
    if chosen.order:
        output.say("", f"next: {', '.join(chosen.order)}")
    counted: dict[str, int] = {}
    for skip in chosen.skipped.values():
        counted[skip.reason.value] = counted.get(skip.reason.value, 0) + 1
    if counted:
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(counted.items()))
        output.say("", f"not next: {told}; `pawl explain` tells of each why")


_SHOWN = 20
"""Closed missions in the table; `--json` has them all."""


def _paused(place: Place, tip: Tip, found: _Seen) -> str:
    if not found.paused:
        return ""
    blob = blob_at(place.store, tip.tree, PAUSE)
    said = "" if blob is None else read_blob(place.store, blob).decode(errors="replace")
    reason = " ".join(said.split())[:_REASON]
    return f", PAUSED: {reason or 'no reason given'} (`pawl unpause` goes on)"


def _daemon(place: Place) -> str:
    health = _health(place)
    if health is None:
        return "nothing is known of one here"
    frozen = health.get("frozen")
    age = _age(str(health.get("at")))
    doing = health.get("under_way")
    told = f"{health.get('health')}, last looked {age}"
    if not _runs(health):
        told = f"none runs now; the last one was {told}"
    elif isinstance(doing, dict) and doing:
        told += "; " + ", ".join(f"{one}: {what}" for one, what in doing.items())
    if isinstance(frozen, list) and frozen:
        told += f"; frozen: {'; '.join(map(str, frozen))}"
    return told


def _runs(health: dict[str, object]) -> bool:
    pid = health.get("pid")
    return isinstance(pid, int) and is_alive(pid)


def _age(at: str) -> str:
    try:
        seconds = int((SystemClock().now() - datetime.fromisoformat(at)).total_seconds())
    except (ValueError, TypeError):
        return "at an unknown time"
    return f"{seconds} s ago"


def _by_time(found: Iterable[Ended | Unknown]) -> list[Ended | Unknown]:
    return sorted(found, key=_ended)


def _ended(one: Ended | Unknown) -> tuple[str, Natural]:
    return ("" if isinstance(one, Unknown) else one.summary.at, natural(one.mission))


def _open_row(one: Known | Unknown, rest: Resting | None) -> tuple[str, str, str, str]:
    mission, state, title, why = _row(one)
    return (mission, state, title, why) if rest is None else (mission, rest.words, title, rest.why)


def _row(one: Known | Ended | Unknown) -> tuple[str, str, str, str]:
    if isinstance(one, Unknown):
        return one.mission, "unreadable", "", one.why
    return one.mission, outcome_of(one), one.summary.title, " ".join(one.summary.why.split())
