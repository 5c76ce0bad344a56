"""Selection looks at how an item's missions ended: not again, later, or behind the others."""

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.backlog.selection import select
from policy.rules.outcomes import Reason
from tests.policy.backlog.conftest import NOW, closing, reasons


@pytest.mark.parametrize(
    ("ending", "more", "expected"),
    [
        pytest.param(("PASS", Reason.LANDED, None), {}, "closed_unresolved", id="passed"),
        pytest.param(("PASS", Reason.LANDED, None), {"spec": "0" * 64}, None, id="passed, changed"),
        pytest.param(("BLOCKED", Reason.NO_CHANGES, "item"), {}, "closed_unresolved", id="failed"),
        pytest.param(("BLOCKED", Reason.NO_CHANGES, "item"), {"spec": ""}, None, id="changed"),
        pytest.param(
            ("BLOCKED", Reason.REJECTED_BY_PERSON, None), {}, "closed_unresolved", id="rejected"
        ),
        pytest.param(
            ("BLOCKED", Reason.NO_CHANGES, "item"), {"policy": "0" * 64}, "closed_unresolved",
            id="failed under another policy, which policy does not count",
        ),
        pytest.param(
            ("CANCELLED", Reason.BY_PERSON, None), {}, "closed_unresolved", id="by a person"
        ),
        pytest.param(("CANCELLED", Reason.ITEM_REMOVED, None), {}, None, id="removed and back"),
        pytest.param(("CANCELLED", Reason.ITEM_CHANGED, None), {}, None, id="changed and back"),
    ],
)  # fmt: skip
def test_how_the_last_mission_ended_decides(scene, ending, more, expected):
    world = scene("A")
    past = closing(world, "A", *ending, **more)
    selection = select(replace(world, closed={"A": (past,)}))
    assert reasons(selection).get("A") == expected


def test_who_waits_for_an_item_that_was_refused_is_told_so(scene):
    world = scene(("A", {"blocked_by": ["Z"]}), "Z")
    assert select(world).skipped["A"].why == "waits for Z (todo)"
    past = closing(world, "Z", "BLOCKED", Reason.TESTS_FAILED, "item")
    told = select(replace(world, closed={"Z": (past,)})).skipped["A"].why
    assert told == "waits for Z (BLOCKED: tests_failed)"


def test_an_ending_by_the_environment_is_tried_again_after_a_while(scene):
    world = scene("A", selection={"environment_backoff_s": 900})
    past = closing(world, "A", reason=Reason.GATE_BROKEN, origin="provider")
    skip = select(replace(world, closed={"A": (past,)})).skipped["A"]
    assert (skip.reason, skip.retry_at) == ("closed_unresolved", NOW + timedelta(seconds=900))
    later = replace(world, closed={"A": (past,)}, now=skip.retry_at)
    assert select(later).order == ("A",)


def test_a_changed_policy_lets_a_blocked_item_run_again_until_it_is_quarantined(scene):
    world = scene("A", selection={"rerun_on_policy_change": True, "quarantine_after": 2})
    past = closing(world, "A", policy="0" * 64)
    assert select(replace(world, closed={"A": (past,)})).order == ("A",)
    skip = select(replace(world, closed={"A": (past, past)})).skipped["A"]
    assert skip.reason == "quarantined"
    assert "failed 2 times" in skip.why


def test_a_spec_that_failed_before_is_in_quarantine_when_it_comes_back(scene):
    world = scene("A")
    first = closing(world, "A")
    second = closing(world, "A", spec="0" * 64)
    assert reasons(select(replace(world, closed={"A": (first, second)}))) == {"A": "quarantined"}


def test_consecutive_failures_end_with_a_success(scene):
    world = scene("A", "B", "C")
    bad, good = (
        closing(world, "A", spec="0" * 64),
        closing(world, "A", "PASS", Reason.LANDED, None, spec="1" * 64),
    )
    closed = {"A": (bad, bad, good), "B": (bad, good, bad), "C": (good, bad, bad)}
    assert select(replace(world, closed=closed)).order == ("A", "B", "C")
    closed = {"A": (good, bad, bad), "B": (bad, good, bad), "C": (bad, bad, good)}
    assert select(replace(world, closed=closed)).order == ("C", "B", "A")
