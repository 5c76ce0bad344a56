"""Selection looks at conditions: by what time says, and by what was observed of the rest."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from policy.backlog.conditions import name_of
from policy.backlog.selection import select
from tests.policy.backlog.conftest import CHECK, EXISTS, answered, reasons, rules


def test_what_time_ends_has_its_time(scene):
    selection = select(
        scene(
            ("A", {"ready_when": [{"after": "2026-02-01"}, {"after": "2026-01-20"}]}),
            ("B", {"ready_when": [{"after": "2026-02-01"}, {"item_done": "A"}]}),
            ("C", {"ready_when": [{"after": "9999-12-31"}]}),
        )
    )
    assert selection.skipped["A"].retry_at == datetime(2026, 2, 2, tzinfo=UTC)
    assert selection.skipped["B"].retry_at is None
    assert selection.skipped["C"].retry_at is None


def test_an_item_runs_from_the_day_after(scene):
    world = scene(("A", {"ready_when": [{"after": "2026-01-15"}]}))
    assert select(world).order == ()
    assert select(replace(world, today=date(2026, 1, 16))).order == ("A",)


@pytest.mark.parametrize(
    ("changes", "answers", "expected"),
    [
        ({"ready_when": [CHECK]}, {"check": "holds"}, None),
        ({"ready_when": [CHECK]}, {"check": "does_not_hold"}, "must hold and does not"),
        ({"ready_when": [CHECK]}, {"check": "broken"}, "could not be observed"),
        ({"not_ready_when": [CHECK]}, {"check": "does_not_hold"}, None),
        ({"not_ready_when": [CHECK]}, {"check": "holds"}, "must not hold and does"),
        ({"not_ready_when": [CHECK]}, {"check": "broken"}, "could not be observed"),
        ({"ready_when": [CHECK]}, {}, "not observed yet: `check: test -e x`"),
        ({"ready_when": [CHECK, EXISTS]}, {"check": "holds"}, "not observed yet: `path_exists: x`"),
    ],
)
def test_conditions_are_read_as_answers(scene, changes, answers, expected):
    selection = select(answered(scene(("A", changes)), "A", **answers))
    if expected is None:
        assert selection.order == ("A",)
    else:
        assert reasons(selection) == {"A": "not_ready"}
        assert expected in selection.skipped["A"].why


def test_an_approval_that_is_there_is_waited_for_no_longer(scene):
    world = scene(("A", {"ready_when": [{"approved": "A"}]}))
    assert reasons(select(world)) == {"A": "awaiting_permission"}
    assert select(world).unobserved == {}
    assert select(answered(world, "A", approved="holds")).order == ("A",)


@pytest.fixture
def asking(scene):
    """One place; B and C have something to observe, A too but is blocked, D nothing."""
    return scene(
        ("A", {"ready_when": [CHECK], "blocked_by": ["Z"]}),
        ("B", {"ready_when": [CHECK]}),
        ("C", {"ready_when": [EXISTS]}),
        "D",
        ("Z", {"status": "blocked"}),
        selection={"max_agents": 1},
    )


def test_only_what_would_be_opened_next_is_observed(asking):
    first = select(asking)
    assert set(first.unobserved) == {"B"}
    second = select(answered(asking, "B", check="does_not_hold"))
    assert set(second.unobserved) == {"C"}
    answers = {name_of(one): "does_not_hold" for one in first.unobserved["B"]}
    answers |= {name_of(one): "broken" for one in second.unobserved["C"]}
    third = select(replace(asking, answers=answers))
    assert (third.unobserved, third.order) == ({}, ("D",))


def test_nobody_overtakes_an_item_while_it_is_observed(asking):
    selection = select(asking)
    assert selection.order == ()
    assert reasons(selection)["B"] == "not_ready"
    assert selection.skipped["D"].why == "selection.max_agents is 1, and before it comes B"
    more = replace(asking, policy=rules(max_agents=2, on_invalid="hold"))
    assert (select(more).order, set(select(more).unobserved)) == ((), {"B", "C"})
    more = replace(asking, policy=rules(max_agents=3, on_invalid="hold"))
    assert select(more).order == ("D",)
