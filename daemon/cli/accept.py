"""`pawl doctor --accept-tip OID`: a person says that the target is right where it is.

Needed after the target was rewritten or rolled back, or the high-water mark was lost: then the
daemon only observes, because it cannot tell which tip is right.
"""

from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.place import open_place, target_of, tip_of, trusted_outside
from daemon.lock import single_instance
from gitops import highwater, refs
from gitops.highwater import HighWater


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
