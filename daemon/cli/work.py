"""The commands that work: `run` until told to stop, `once` until there is nothing more to do.

This is the one seam between the command line and the loop: nothing else in `cli` starts anything.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from daemon import log
from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError, of_mission, worst
from daemon.cli.known import KNOWN, refusal_of
from daemon.cli.missions import Known, Missions, Unknown, absent, entry
from daemon.cli.place import (
    Place,
    open_place,
    policy_at,
    served_as,
    target_of,
    trusted_outside,
)
from daemon.cli.progress import progress
from daemon.cli.resting import said
from daemon.clock import rfc3339
from daemon.last_words import last_words
from daemon.log import get_logger
from daemon.loop import Told
from daemon.notify import Notify, beat_s
from daemon.serve import once as until_idle
from daemon.serve import run as until_stopped
from daemon.serve import serving
from daemon.standing import Standing
from gitops.observe import Tip, observe_tip
from policy.backlog.rank import natural
from policy.ids import MissionId
from policy.mission.actions import Rest
from policy.problems import Unreadable
from policy.rules.load import Effective

_log = get_logger()


@dataclass(frozen=True)
class Worked:
    """What `once` found at its end."""

    code: Exit
    found: tuple[Known | Unknown, ...]
    standing: Standing

    def as_object(self) -> dict[str, object]:
        """Return the one object of `once --json` (DESIGN 10)."""
        return {
            "schema": 1,
            "missions": [_entry(one, self.standing) for one in self.found],
            "skipped": skipped(self.standing),
        }


def once(start: Path, *, as_json: bool) -> Exit:
    worked = work_off(open_place(start))
    if as_json:
        output.dump(worked.as_object())
    else:
        _tell(worked)
    return worked.code


def run(start: Path, *, name: str | None, verbose: bool) -> Exit:
    """Serve until told to stop. Where no person reads, all that is said is lines of JSON.

    *name* is that of a configuration folder, and says which repository instead of *start*.
    """
    console = sys.stderr.isatty()
    log.configure(console=console, verbose=verbose)
    if console:
        with progress() as told:
            _serve(start, name, told.say)
        return Exit.OK
    try:
        _serve(start, name, _logged)
    except RefusedError as refused:
        return _refused(refused)
    except KNOWN as error:
        return _refused(refusal_of(error))
    return Exit.OK


def _refused(refused: RefusedError) -> Exit:
    _log.error("refused", why=refused.text(), code=int(refused.code))
    return refused.code


def _serve(start: Path, name: str | None, told: Told) -> None:
    place = open_place(start if name is None else served_as(name))
    outside = trusted_outside(place, "serve")
    notify = Notify()
    with (
        serving(outside, told=told, beat=notify.beat) as served,
        last_words(outside.state),
    ):
        until_stopped(served, notify, beat_s(os.environ))


def _logged(mission: str, what: str) -> None:
    _log.info(what, **({"mission": mission} if mission else {}))


def work_off(place: Place) -> Worked:
    """Take everything as far as it goes now."""
    outside = trusted_outside(place, "work on")
    log.configure(console=True, verbose=False)
    with progress() as told, serving(outside, told=told.say) as served:
        standing = until_idle(served)
    missions = Missions(place)
    seen: set[MissionId] = told.seen | set(standing.rests)
    found = tuple(_found(missions, mission, standing) for mission in sorted(seen, key=natural))
    return Worked(worst((_code(found, standing), _of_files(place, standing))), found, standing)


def _found(missions: Missions, mission: MissionId, standing: Standing) -> Known | Unknown:
    """Return what is known of a mission that was worked on; one that is gone is never left out."""
    rest = standing.rests.get(mission)
    gone = Unknown(mission, is_open=True, why=rest.why if rest else "it is neither open nor closed")
    return missions.get(mission) or gone


def _of_files(place: Place, standing: Standing) -> Exit:
    """Return INVALID for a policy that cannot be read, or items whose unreadability halts all.

    Under `on_invalid: hold` everything else goes on, so an unreadable item is told and is no
    failure of what was worked on (DESIGN 10).
    """
    tip = observe_tip(place.store, target_of(place))
    if not isinstance(tip, Tip):
        return Exit.OK
    match policy_at(place, tip.tree):
        case Unreadable():
            return Exit.INVALID
        case Effective(policy=policy):
            halts = standing.invalid and policy.selection.on_invalid == "halt"
            return Exit.INVALID if halts else Exit.OK


def _code(found: tuple[Known | Unknown, ...], standing: Standing) -> Exit:
    codes = [_code_of(one, standing.rests.get(one.mission)) for one in found]
    codes += [Exit.ENVIRONMENT for _ in (*standing.doubts, *_short(standing))]
    return worst(codes)


def _code_of(one: Known | Unknown, rest: Rest | None) -> Exit:
    if isinstance(one, Unknown):
        return Exit.ENVIRONMENT
    if rest is None:
        return of_mission(one.summary.outcome)
    match rest.reason:
        case "paused" | "stopping" | "elsewhere" | "quiet":
            return Exit.OK
        case "item_unreadable":
            return Exit.INVALID
        case (
            "frozen" | "held" | "yielding" | "unjudged" | "backing_off" | "no_sandbox" | "preparing"
            | "no_environment" | "no_room" | "awaiting_hub"
        ):  # fmt: skip
            return Exit.ENVIRONMENT
        case "waiting":
            return of_mission(one.summary.outcome)


def _entry(one: Known | Unknown, standing: Standing) -> dict[str, object]:
    if isinstance(one, Unknown):
        return {**absent(one), "why": one.why}
    rest = standing.rests.get(one.mission)
    if rest is None:
        return entry(one.summary)
    until = {"retry_at": rfc3339(rest.until)} if rest.until else {}
    return {**entry(one.summary), **until, "rests": rest.reason, "why": rest.why}


def skipped(standing: Standing) -> dict[str, str]:
    """Return why each item that does not run does not."""
    if standing.selection is None:
        return {}
    return {item: skip.reason for item, skip in standing.selection.skipped.items()}


def _tell(worked: Worked) -> None:
    for doubt in worked.standing.doubts:
        output.say(f"frozen: {doubt}")
    output.say(*_short(worked.standing))
    rows = [_row(one, worked.standing) for one in worked.found]
    if rows:
        output.table(("mission", "outcome", "reason", "why"), rows)
    elif not (worked.standing.doubts or worked.standing.short):
        output.say("nothing to do")
    others = {item: why for item, why in skipped(worked.standing).items() if why != "done"}
    if others:
        output.say("", "not run: " + ", ".join(f"{item} ({why})" for item, why in others.items()))
    output.say("`pawl show ID` tells a mission's story, `pawl explain` why an item does not run")


def _short(standing: Standing) -> tuple[str, ...]:
    return () if standing.short is None else (standing.short,)


def _row(one: Known | Unknown, standing: Standing) -> tuple[str, str, str, str]:
    if isinstance(one, Unknown):
        return one.mission, "-", "unreadable", one.why
    summary, rest = one.summary, standing.rests.get(one.mission)
    if rest is not None and summary.outcome is None:
        return one.mission, "-", rest.reason, said(rest)
    why = " ".join(summary.why.split())
    return one.mission, summary.outcome or summary.state, str(summary.reason or ""), why
