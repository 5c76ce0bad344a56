"""What a selection depends on: all that its digest is of, not the order of files, not the hour."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from policy.backlog.reasons import counts
from policy.backlog.scene import Open
from policy.backlog.selection import select
from policy.mission.world import Frozen
from tests.policy.backlog.conftest import BROKEN, CHECK, EXISTS, NOW, closing


def test_what_a_mission_records_of_its_selection(scene):
    world = scene("A", "B", ("C", {"status": "done"}), ("D", {"status": "done"}))
    record = select(world).record("B", world.digest())
    assert (record.rank, record.counts) == (2, {"done": 2})
    assert counts(select(world).skipped.values()) == {"done": 2}


def test_the_digest_is_of_all_that_selection_is_told(scene):
    world = scene("A", "B")
    others = [
        scene("A"),
        scene("A", "B", bad=[BROKEN]),
        scene("A", "B", activity="paused"),
        scene("A", "B", spent="x"),
        scene("A", "B", quiet_until=NOW),
        scene("A", "B", open=(Open("A", ("a",)),)),
        scene("A", "B", answers={"x": "holds"}),
        scene("A", "B", closed={"A": (closing(world, "A"),)}),
        scene("A", "B", integrity=Frozen(why="x")),
        replace(world, policy_digest="0" * 64),
    ]
    digests = {one.digest() for one in others}
    assert len(digests) == len(others)
    assert world.digest() not in digests
    assert scene("B", "A").digest() == world.digest()


def test_the_digest_knows_of_time_only_what_it_changes(scene):
    world = scene("A", ("B", {"ready_when": [{"after": "2026-01-15"}]}))
    later = replace(world, now=NOW + timedelta(hours=9))
    assert later.digest() == world.digest()
    assert replace(world, today=date(2026, 1, 14)).digest() == world.digest()
    assert replace(world, today=date(2026, 1, 16)).digest() != world.digest()
    at_once = replace(world, closed={"A": (closing(world, "A", origin="environment"),)})
    soon = replace(at_once, now=NOW + timedelta(seconds=899))
    assert soon.digest() == at_once.digest()
    assert replace(at_once, now=NOW + timedelta(seconds=900)).digest() != at_once.digest()


_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["todo", "done", "blocked", "cancelled"]),
        "priority": st.sampled_from(["P0", "P1"]),
        "phase": st.integers(0, 5),
        "wave": st.sampled_from(["1", "2", "10"]),
        "kind": st.sampled_from(["build", "integration"]),
        "slice": st.sampled_from(["small", "umbrella"]),
        "blocked_by": st.lists(st.sampled_from(["I1", "I2"]), max_size=1),
        "write_scope": st.lists(st.sampled_from(["a", "b", "c/**", "**/d"]), min_size=1),
        "ready_when": st.lists(st.sampled_from([CHECK, EXISTS, {"approved": "I1"}]), max_size=2),
    },
)


@given(st.lists(_CHANGES, min_size=3, max_size=6), st.integers(1, 4), st.randoms())
def test_selection_is_total_and_does_not_depend_on_the_order_of_files(
    scene, changes, places, random
):
    rows = [(f"I{n}", row) for n, row in enumerate(changes)]
    world = scene(*rows, scopes=False, selection={"max_agents": places})
    selection = select(world)
    assert {*selection.order} | {*selection.skipped} == {
        *world.backlog.items, *(one.item for one in world.backlog.bad),
    }  # fmt: skip
    assert not {*selection.order} & {*selection.skipped}
    assert len(selection.order) <= places
    random.shuffle(rows)
    again = select(scene(*rows, scopes=False, selection={"max_agents": places}))
    assert again == selection
