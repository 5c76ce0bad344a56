"""Selection that is remembered is the selection there would be, whatever has changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.backlog.graph import assemble
from policy.backlog.remembered import Selector
from policy.backlog.scene import Closing, Open, Scene
from policy.backlog.selection import select
from policy.mission.world import Frozen, Sound
from policy.rules.load import shipped_policy
from policy.rules.outcomes import Reason

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(filed, crew):
    after = [{"after": "2026-01-15"}]
    rows = [filed("A"), filed("B", blocked_by=["A"]), filed("C", ready_when=after), filed("D")]
    return Scene(
        backlog=assemble(rows, (), crew),
        policy=shipped_policy().policy,
        policy_digest=shipped_policy().digest,
        now=NOW,
        today=NOW.date(),
    )


def ended(world, item, origin="environment", at=NOW):
    return Closing(
        mission=item,
        outcome="BLOCKED",
        reason=Reason.BUILDER_FAILED,
        origin=origin,
        spec=world.backlog.items[item].spec,
        policy=world.policy_digest,
        at=at,
    )


def test_an_unchanged_scene_has_the_very_same_selection(world):
    selector = Selector()
    first = selector.select(world)
    assert selector.select(replace(world, now=NOW + timedelta(hours=1))) is first


def test_what_only_waits_for_time_runs_when_it_has_come(world):
    selector = Selector()
    scene = replace(world, closed={"A": (ended(world, "A"),), "D": (ended(world, "D", "item"),)})
    assert selector.select(scene).order == ()
    later = replace(scene, now=NOW + timedelta(seconds=900))
    assert selector.select(later) == select(later)
    assert selector.select(later).order == ("A",)


STEPS = st.lists(
    st.one_of(
        st.integers(-1000, 2000).map(lambda s: ("later", s)),
        st.sampled_from(["active", "paused"]).map(lambda a: ("activity", a)),
        st.sampled_from([(), (Open("D", ("x",)),), (Open("A", ("src/**",), "why"),)]).map(
            lambda o: ("open", o)
        ),
        st.sampled_from([Sound(), Frozen(why="x")]).map(lambda i: ("integrity", i)),
        st.sampled_from(["environment", "item", None]).map(lambda o: ("ended", o)),
        st.sampled_from([None, "tokens"]).map(lambda s: ("spent", s)),
        st.sampled_from([None, NOW + timedelta(seconds=9)]).map(lambda t: ("spent_until", t)),
        st.sampled_from([None, NOW + timedelta(seconds=9)]).map(lambda t: ("quiet_until", t)),
        st.sampled_from([None, "the hub is gone"]).map(lambda s: ("offline", s)),
        st.sampled_from([None, "the disk is full"]).map(lambda s: ("short", s)),
        st.sampled_from([None, "A-1 is not judged"]).map(lambda s: ("unjudged", s)),
        st.just(("backlog", None)),
    ),
    max_size=12,
)


@given(STEPS)
def test_it_is_the_plain_selection_after_any_changes(filed, crew, world, steps):
    selector, scene = Selector(), world
    for what, value in steps:
        match what:
            case "later":
                now = scene.now + timedelta(seconds=value)
                scene = replace(scene, now=now, today=now.date())
            case "ended":
                closed = {} if value is None else {"A": (ended(world, "A", value, scene.now),)}
                scene = replace(scene, closed=closed)
            case "backlog":
                rows = [*scene.backlog.items.values(), filed(f"N{len(scene.backlog.items)}")]
                scene = replace(scene, backlog=assemble(rows, (), crew))
            case _:
                scene = replace(scene, **{what: value})
        assert selector.select(scene) == select(scene)
