"""The command `log`: what happened, one line a fact, oldest first."""

from collections.abc import Iterator
from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit
from daemon.cli.lines import line_of
from daemon.cli.missions import Known, Missions, Unknown
from daemon.cli.place import Place, open_place
from daemon.cli.watching import changes
from policy.backlog.rank import natural
from policy.ids import MissionId, item_of
from policy.mission.record import Recorded


def log(start: Path, name: str | None, *, follow: bool, as_json: bool) -> Exit:
    place = open_place(start)
    shown: dict[MissionId, int] = {}
    if place.doubt:
        output.warn(place.doubt)
    _print(place, name, shown, as_json=as_json)
    if follow:
        for _ in changes(place.gitdir):
            _print(place, name, shown, as_json=as_json)
    return Exit.OK


def _print(place: Place, name: str | None, shown: dict[MissionId, int], *, as_json: bool) -> None:
    for record in _new(place, name, shown):
        if as_json:
            output.line(record.to_json())
        else:
            output.say(line_of(record))


def _new(place: Place, name: str | None, shown: dict[MissionId, int]) -> Iterator[Recorded]:
    """Yield what was not shown before, by time; within a second, what closed first comes first."""
    missions = Missions(place)
    order = missions.order() if name is None else {}
    found: list[Recorded] = []
    for mission in _asked(missions, name):
        match mission:
            case Known(records=records):
                found += records[shown.get(mission.mission, 0) :]
                shown[mission.mission] = len(records)
            case Unknown(why=why):
                output.warn(f"{mission.mission}: {why}")
    yield from sorted(
        found, key=lambda one: (one.at, -order.get(one.mission, -1), natural(one.mission), one.seq)
    )


def _asked(missions: Missions, name: str | None) -> Iterator[Known | Unknown]:
    if name is None:
        yield from missions.every()
        return
    newest = missions.named(name)
    if "@" in name:
        yield newest
        return
    for mission in missions.all_of(item_of(newest.mission)):
        found = missions.get(mission)
        if found is not None:
            yield found
