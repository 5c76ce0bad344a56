"""The command `inbox`: what waits for a person, what answers it, and what was said in vain.

Works in any clone that has `refs/pawl/*`. Why a permission does not count is told by the same check
the daemon makes; for that it takes a trust file, which says whom to believe.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from daemon.cli import output
from daemon.cli.asked import Asking, asking
from daemon.cli.exits import Exit
from daemon.cli.missions import Missions, Unknown
from daemon.cli.place import Place, open_place, target_of, tip_of
from daemon.cli.resting import last_said
from daemon.cli.verdicts import Verdicts, verdicts
from daemon.health import read_health
from daemon.outside import Outside
from daemon.standing import HANDS


def inbox(start: Path, *, why: bool, as_json: bool) -> Exit:
    place = open_place(start)
    tip = tip_of(place, target_of(place))
    opened = tuple(Missions(place).opened())
    waiting = sorted(asking(opened), key=lambda one: (one.since, one.known.mission))
    unread = [one for one in opened if isinstance(one, Unknown)]
    found = verdicts(place, tip, waiting) if why else Verdicts()
    stuck = tuple(_stuck(place))
    if as_json:
        row = _object(waiting, found, place.doubt)
        output.dump({**row, "stuck": list(stuck), "unread": [_unread_row(one) for one in unread]})
        return Exit.OK
    output.say(*([place.doubt] if place.doubt else []))
    for one in waiting:
        output.say(*_lines(one, found), "")
    output.say(*stuck)
    output.say(*_unread(unread))
    if not waiting and not stuck and not unread:
        output.say("nothing waits for a person")
    output.say(*found.others)
    output.say(*(f"not a permission: {one}" for one in found.illegible))
    output.say(*([f"in doubt: {found.doubt}"] if found.doubt else []))
    return Exit.OK


def _stuck(place: Place) -> Iterator[str]:
    """Yield what no decision answers: what the daemon of this host needs somebody's hand for."""
    if not isinstance(place.outside, Outside):
        return
    doubts = (read_health(place.outside.state) or {}).get("frozen")
    frozen = [str(why) for why in doubts] if isinstance(doubts, list) else []
    yield from (f"frozen: {why}" for why in frozen)
    for mission, rest in last_said(place).items():
        if rest.reason in ("frozen", *HANDS) and rest.why not in frozen:
            yield f"{mission}: {rest.words}: {rest.why}"


def _unread(unread: Sequence[Unknown]) -> Iterator[str]:
    """Yield the missions of which nobody here can say whether they wait, and what to do."""
    for one in unread:
        yield f"{one.mission}: whether it waits cannot be told: {one.why}"
    yield from dict.fromkeys(one.todo for one in unread)


def _unread_row(one: Unknown) -> dict[str, object]:
    return {"id": one.mission, "why": one.why, "todo": one.todo}


def _lines(one: Asking, found: Verdicts) -> Iterator[str]:
    mission, asked = one.known.mission, one.asked
    yield f"{mission}: {one.known.summary.title}"
    yield f"  {asked.outcome.replace('_', ' ').lower()} since {one.since}, request {one.number}"
    yield f"  why     {asked.why}"
    for denied in found.denied.get(mission, ()):
        yield f"  DENIED  {denied}"
    yield f"  answer  {', '.join(f'pawl {verb} {mission}' for verb in one.verbs)}"
    yield f"  read    git show {one.known.page.tip}:{asked.request}"


def _object(waiting: list[Asking], found: Verdicts, doubt: str | None) -> dict[str, object]:
    return {
        "schema": 1,
        "waiting": [_row(one, found) for one in waiting],
        "others": list(found.others),
        "illegible": list(found.illegible),
        "doubt": found.doubt or doubt,
    }


def _row(one: Asking, found: Verdicts) -> dict[str, object]:
    mission, asked = one.known.mission, one.asked
    return {
        "id": mission,
        "title": one.known.summary.title,
        "request": asked.request,
        "number": one.number,
        "need": asked.need.model_dump(mode="json"),
        "outcome": asked.outcome,
        "reason": asked.reason,
        "why": asked.why,
        "since": one.since,
        "commands": [f"pawl {verb} {mission}" for verb in one.verbs],
        "denied": list(found.denied.get(mission, ())),
        "ledger": one.known.page.tip,
    }
