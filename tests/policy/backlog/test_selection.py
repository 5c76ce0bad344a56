"""Selection: who is next, and why not for everybody else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.backlog.reasons import SkipReason
from policy.backlog.scene import Open
from policy.backlog.selection import select
from policy.mission.world import Frozen
from policy.rules.outcomes import Reason
from tests.policy.backlog.conftest import BROKEN, NOW, closing, reasons


def test_every_item_is_either_next_or_has_a_reason(scene):
    selection = select(scene("A", ("B", {"status": "done"}), bad=[BROKEN]))
    assert selection.order == ("A",)
    assert reasons(selection) == {"B": "done", "X": "invalid"}
    assert selection.skipped["X"].why == "backlog/X.yaml:7: is not YAML"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "done"}, "done"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "blocked"}, "blocked_by_person"),
        ({"slice": "umbrella"}, "umbrella"),
        ({"phase": 4}, "phase_cap"),
        ({"blocked_by": ["Z"]}, "blocked_by"),
        ({"ready_when": [{"item_done": "Z"}]}, "not_ready"),
        ({"ready_when": [{"after": "2026-01-15"}]}, "not_ready"),
        ({"not_ready_when": [{"after": "2026-01-14"}]}, "not_ready"),
        ({"ready_when": [{"approved": "A"}]}, "awaiting_permission"),
        ({"wave": "2"}, "waiting_wave"),
    ],
)
def test_the_item_alone_is_the_reason(scene, changes, reason):
    selection = select(scene(("A", changes), ("Z", {"wave": "1"})))
    assert reasons(selection) == {"A": reason}
    assert selection.order == ("Z",)
    assert selection.skipped["A"].why


@pytest.mark.parametrize(
    "changes",
    [
        {"phase": 3},
        {"blocked_by": ["D"]},
        {"ready_when": [{"item_done": "D"}]},
        {"ready_when": [{"after": "2026-01-14"}]},
        {"not_ready_when": [{"after": "2026-01-15"}, {"item_done": "Z"}]},
        {"wave": "1"},
        {"wave": "2"},
    ],
)
def test_what_is_satisfied_is_not_in_the_way(scene, changes):
    selection = select(scene(("A", changes), ("D", {"status": "done", "wave": "1"}), "Z"))
    assert "A" in selection.order


OBSTACLES = [
    ("blocked_by_person", {"status": "blocked"}, {}),
    ("running", {}, {"open": [Open("A@2", ("A/**",))]}),
    ("closed_unresolved", {}, {"closed": [("PASS", Reason.LANDED, None, 0)]}),
    ("umbrella", {"slice": "umbrella"}, {}),
    ("phase_cap", {"phase": 9}, {}),
    ("blocked_by", {"blocked_by": ["Z"]}, {}),
    ("not_ready", {"ready_when": [{"after": "2026-02-01"}]}, {}),
    ("waiting_wave", {"wave": "2"}, {}),
    ("quarantined", {}, {"closed": [
        ("BLOCKED", Reason.TESTS_FAILED, "item", 2),
        ("BLOCKED", Reason.GATE_BROKEN, "environment", 1),
    ]}),
    ("awaiting_permission", {"ready_when": [{"approved": "A"}]}, {}),
    ("scope_overlap", {}, {"open": [Open("R", ("**/x",))]}),
    ("paused", {}, {"activity": "paused"}),
    ("halted", {}, {"bad": [BROKEN]}),
    ("budget_exhausted", {}, {"spent": "the run's missions"}),
    ("cap", {}, {"open": [Open("Q", ("Q/**",))]}),
]  # fmt: skip
"""Reason, what the item says for it, what the scene says for it; in the order of the enum."""


@pytest.mark.parametrize("place", range(len(OBSTACLES)), ids=[row[0] for row in OBSTACLES])
def test_of_several_reasons_the_first_in_the_order_is_told(scene, place):
    changes, world, past = {"ready_when": []}, {"open": [], "bad": []}, []
    for _, item, around in reversed(OBSTACLES[place:]):
        changes = {**changes, **item}
        changes["ready_when"] = [*changes["ready_when"], *item.get("ready_when", [])]
        world = {**world, **{k: v for k, v in around.items() if k not in ("closed", "open")}}
        world["open"] = [*world["open"], *around.get("open", [])]
        past = [*past, *around.get("closed", [])]
    selection = {"max_agents": 1, "on_invalid": "halt"}
    bed = scene(("A", changes), ("Z", {"wave": "1"}), selection=selection, **world)
    closed = tuple(
        closing(bed, "A", outcome, reason, origin, at=NOW - timedelta(days=days))
        for outcome, reason, origin, days in past
    )
    bed = replace(bed, closed={"A": closed}, open=tuple(bed.open))
    assert reasons(select(bed))["A"] == OBSTACLES[place][0]


def test_the_enum_is_the_order_of_the_design():
    assert [*SkipReason] == [
        "invalid", "done", "cancelled", "blocked_by_person", "running", "closed_unresolved",
        "umbrella", "phase_cap", "blocked_by", "not_ready", "waiting_wave", "quarantined",
        "awaiting_permission", "scope_overlap", "paused", "halted", "budget_exhausted", "cap",
    ]  # fmt: skip
    assert [row[0] for row in OBSTACLES] == [*SkipReason][3:]


def test_one_escalation_stops_everything_where_policy_says_so(scene):
    waiting = (Open("B", ("b",), "a waiver"),)
    world = scene("A", selection={"on_escalation": "halt"}, open=waiting)
    assert reasons(select(world)) == {"A": "halted"}
    assert select(replace(world, open=(Open("B", ("b",)),))).order == ("A",)
    for asked, halts in (
        ("ESCALATION_REQUESTED", True),
        ("WAIVER_REQUESTED", True),
        ("APPROVAL_REQUESTED", False),
    ):
        waiting = Open("B", ("b",), "somebody", asked)
        assert select(replace(world, open=(waiting,))).order == (() if halts else ("A",))


def test_one_unreadable_file_stops_everything_where_policy_says_so(scene):
    selection = select(scene("A", bad=[BROKEN], selection={"on_invalid": "halt"}))
    assert reasons(selection) == {"A": "halted", "X": "invalid"}
    assert "mend backlog/X.yaml" in selection.skipped["A"].why


def test_doubt_about_integrity_stops_everything(scene):
    selection = select(scene("A", integrity=Frozen(why="the ledger was edited")))
    assert selection.skipped["A"].why == "frozen: the ledger was edited"
    assert reasons(selection) == {"A": "halted"}


def test_a_daemon_that_stops_opens_nothing(scene):
    assert reasons(select(scene("A", activity="stopping"))) == {"A": "paused"}


def test_without_room_nothing_is_opened_and_each_item_says_why(scene):
    found = select(scene("A", "B", short="make room"))
    assert reasons(found) == {"A": "halted", "B": "halted"}
    assert {skip.why for skip in found.skipped.values()} == {"make room"}


def test_without_the_hub_nothing_is_opened_and_each_item_says_why(scene):
    found = select(scene("A", "B", offline="nobody answers"))
    assert found.order == ()
    assert {skip.reason for skip in found.skipped.values()} == {SkipReason.HALTED}
    assert all("nobody answers" in skip.why for skip in found.skipped.values())


def test_outside_active_hours_everything_waits_until_they_begin(scene):
    later = NOW + timedelta(hours=1)
    skip = select(scene("A", quiet_until=later)).skipped["A"]
    assert (skip.reason, skip.retry_at) == (SkipReason.PAUSED, later)


def test_a_budget_of_the_run_says_when_it_is_free_again(scene):
    later = NOW + timedelta(hours=1)
    skip = select(scene("A", spent="all of it", spent_until=later)).skipped["A"]
    assert (skip.reason, skip.why, skip.retry_at) == (
        SkipReason.BUDGET_EXHAUSTED, "all of it", later,
    )  # fmt: skip
