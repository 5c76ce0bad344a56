"""What only the operator says: where the target is right, whom to believe, what time it is.

`pawl doctor --accept-tip OID`: after the target was rewritten or rolled back, or the high-water
mark was lost; then the daemon only observes, because it cannot tell which tip is right.

`pawl doctor --accept-introduction OID`: after somebody changed what is governed who might not, or
where there was no approver yet who could have signed it.

`pawl doctor --accept-clock`: after this host's clock was ahead; what was recorded then is later
than now, and nothing is approved by a clock that seems to be behind.
"""

from collections.abc import Iterator
from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.place import Place, open_place, target_of, tip_of, trusted_outside
from daemon.clock import SystemClock, rfc3339
from daemon.lock import single_instance
from daemon.outside import write_trust
from daemon.people.following import governing
from daemon.people.times import TIMES, accept, recorded
from gitops import highwater, refs
from gitops.commits import tree_of
from gitops.highwater import HighWater
from gitops.observe import Tip, follows
from gitops.people.state import NOBODY, state_at
from policy.ids import CommitId


def accept_tip(start: Path, oid: str, *, as_json: bool) -> Exit:
    place = open_place(start)
    outside = trusted_outside(place, "accept a tip for")
    with single_instance(outside.state):
        tip = tip_of(place, target_of(place))
        if tip.commit != oid:
            raise RefusedError(
                Exit.INVALID,
                attempted="accept",
                on=oid,
                why=f"{tip.ref} is at {tip.commit}",
                then="Look at the history; accept the commit the branch is at, in full.",
            )
        seen = HighWater(target=tip.commit, ledger=refs.read(place.store, refs.LEDGER))
        highwater.write(outside.mark, seen)
    if as_json:
        output.dump({"schema": 1, "accepted": tip.commit})
    else:
        output.say(f"accepted: {tip.ref} is right at {tip.commit}")
    return Exit.OK


def accept_introduction(start: Path, oid: str, *, as_json: bool) -> Exit:
    place = open_place(start)
    outside = trusted_outside(place, "accept an introduction for")
    with single_instance(outside.state):
        tip = tip_of(place, target_of(place))
        problems = tuple(_against(place, tip, oid))
        if problems:
            raise RefusedError(
                Exit.INVALID,
                attempted="accept",
                on=oid,
                why=problems,
                then="Choose a commit of the target's own line, in full, whose `.pawl/` you read.",
            )
        trust = outside.trust.model_copy(update={"introduction": CommitId(oid)})
        write_trust(outside, trust)
    if as_json:
        output.dump({"schema": 1, "introduction": oid})
    else:
        output.say(f"accepted: the line of {tip.ref} is believed from {oid} on")
    return Exit.OK


def accept_clock(start: Path, *, as_json: bool) -> Exit:
    place = open_place(start)
    outside = trusted_outside(place, "accept the clock for")
    with single_instance(outside.state):
        now = SystemClock().now()
        missions = refs.list_missions(place.store).open
        times = recorded(place.store, outside.trust.introduction, missions)
        wrong = accept(outside.state / TIMES, now, times)
    if as_json:
        output.dump({"schema": 1, "now": rfc3339(now), "wrong": sorted(wrong)})
    else:
        output.say(
            f"accepted: it is {rfc3339(now)}; of {len(wrong)} commits the time is not believed"
        )
    return Exit.OK


def _against(place: Place, tip: Tip, oid: str) -> Iterator[str]:
    """Yield why nobody can be believed from that commit on."""
    if not follows(place.store, tip.commit, CommitId(oid)):
        yield f"it is not on the line of {tip.ref}, which is at {tip.commit}"
        return
    state = state_at(place.store, tree_of(place.store, CommitId(oid)), NOBODY, governing)
    yield from state.doubts
