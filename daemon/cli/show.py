"""The commands that tell one mission's story: `show` and `results`."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from daemon.cli import output
from daemon.cli.asked import asking
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.lines import line_of
from daemon.cli.missions import Ended, Known, Missions, Unknown, entry
from daemon.cli.place import Place, open_place
from daemon.cli.resting import last_said
from gitops.ledger.dossier import shard
from policy.bus.result import Exited
from policy.documents.results import RESULTS, results_page
from policy.gates.verdict import Broken, Failed, Passed, Record
from policy.mission.attempts import AttemptEnded
from policy.mission.facts import GatesJudged
from policy.mission.record import Recorded


def show(start: Path, name: str, *, as_json: bool) -> Exit:
    place = open_place(start)
    known = readable(Missions(place).named(name), "show")
    if as_json:
        output.dump(_object(known))
        return Exit.OK
    for line in _story(place, known):
        output.say(line)
    return Exit.OK


def readable(found: Known | Unknown, attempted: str) -> Known:
    """Return *found*; refuse with exit 5 where its ledger cannot be believed."""
    if isinstance(found, Known):
        return found
    raise RefusedError(
        Exit.GIT,
        attempted=attempted,
        on=found.mission,
        why=found.why,
        then=found.todo,
    )


def _object(known: Known) -> dict[str, object]:
    return {
        "schema": 1,
        **entry(known.summary),
        "title": known.summary.title,
        "state": known.summary.state,
        "why": known.summary.why,
        "open": known.is_open,
        "verified": known.verified.value,
        "facts": [json.loads(record.to_json()) for record in known.records],
    }


def _story(place: Place, known: Known) -> Iterator[str]:
    summary = known.summary
    yield f"{summary.id}: {summary.title}"
    yield f"  {outcome_of(known)}"
    rest = last_said(place).get(known.mission) if known.is_open else None
    if rest is not None:
        yield f"  {rest.words:<9} {rest.why}"
    elif summary.why:
        yield f"  why       {summary.why}"
    for asks in asking([known]):
        yield f"  asks      {asks.words}"
    yield f"  base      {summary.base}"
    if summary.tree:
        yield f"  tree      {summary.tree}"
    if summary.landed:
        yield f"  landed    {summary.landed}"
    yield f"  attempts  {summary.attempts}"
    for record in _last_judged(known.records):
        yield f"  gate      {_gate(record)}"
    yield f"  ledger    {known.page.tip} ({known.verified.value})"
    for folder in _worth_reading(known.records):
        yield f"  evidence  git show {known.page.tip}:{_within(known)}{folder}"
    if place.doubt:
        yield f"            {place.doubt}"
    yield ""
    yield from map(line_of, known.records)


def _worth_reading(records: Iterable[Recorded]) -> Iterator[str]:
    """Yield the folders that hold what barred the newest attempt, or what its builder printed."""
    attempts = [one.fact for one in records if isinstance(one.fact, AttemptEnded)]
    if attempts and attempts[-1].ending != Exited(code=0) and attempts[-1].output.path:
        yield attempts[-1].output.path
    judged = [one.fact for one in records if isinstance(one.fact, GatesJudged)]
    for record in judged[-1].records if judged else ():
        if record.report and not isinstance(record.verdict, Passed):
            yield f"{record.report.rpartition('/')[0]}/"


def _within(known: Known) -> str:
    return "" if known.is_open else f"{shard(known.mission)}/"


def outcome_of(known: Known | Ended) -> str:
    """Return what became of a mission, in a few words."""
    summary = known.summary
    if summary.outcome is None:
        return summary.state.lower()
    return f"{summary.outcome} ({summary.reason})" if summary.reason else summary.outcome


def _last_judged(records: Iterable[Recorded]) -> tuple[Record, ...]:
    judged = [one.fact for one in records if isinstance(one.fact, GatesJudged)]
    return judged[-1].records if judged else ()


def _gate(record: Record) -> str:
    match record.verdict:
        case Passed():
            return f"{record.gate}: passed"
        case Failed(why=why) | Broken(why=why):
            return f"{record.gate}: {record.verdict.kind}, {why}"


def results(start: Path, name: str, *, as_json: bool) -> Exit:
    place = open_place(start)
    missions = Missions(place)
    known = readable(missions.named(name), "tell the results of")
    stored = missions.file(known, RESULTS)
    page = stored.decode(errors="replace") if stored else _page_now(known)
    if as_json:
        output.dump({"schema": 1, **entry(known.summary), "page": page})
    else:
        output.say(*page.rstrip("\n").split("\n"))
    return Exit.OK


def _page_now(known: Known) -> str:
    return results_page(known.summary, known.summary.title, known.records)
