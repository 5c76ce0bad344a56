"""Selection: who is next, and why not for everybody else."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.backlog.conditions import name_of
from policy.backlog.graph import assemble
from policy.backlog.parse import BadItem
from policy.backlog.reasons import SkipReason, counts
from policy.backlog.scene import Closing, Open, Scene
from policy.backlog.selection import select
from policy.mission.world import Frozen
from policy.problems import Problem
from policy.rules.load import shipped_policy
from policy.rules.outcomes import Reason

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
SHIPPED = shipped_policy()
BROKEN = BadItem("backlog/X.yaml", (Problem(7, 1, "is not YAML"),))


def rules(**changes):
    selection = SHIPPED.policy.selection.model_copy(update=changes)
    return SHIPPED.policy.model_copy(update={"selection": selection})


@pytest.fixture(scope="session")
def scene(filed, crew):
    def make(*rows, bad=(), scopes=True, selection=None, **more):
        """Each row is an id or (id, changes); each item has its own write scope by default."""
        items = []
        for row in rows:
            name, changes = (row, {}) if isinstance(row, str) else row
            scope = {"write_scope": [f"{name}/**"]} if scopes else {}
            items.append(filed(name, **{**scope, **changes}))
        return Scene(
            backlog=assemble(items, bad, crew),
            policy=rules(**{"max_agents": 9, "on_invalid": "hold", **(selection or {})}),
            policy_digest=SHIPPED.digest,
            now=NOW,
            today=NOW.date(),
            **more,
        )

    return make


def reasons(selection):
    return {name: skip.reason.value for name, skip in selection.skipped.items()}


def closing(scene, item, outcome="BLOCKED", reason=Reason.TESTS_FAILED, origin="item", **more):
    spec = scene.backlog.items[item].spec if item in scene.backlog.items else "0" * 64
    fields = {"spec": spec, "policy": SHIPPED.digest, "at": NOW, **more}
    return Closing(mission=item, outcome=outcome, reason=reason, origin=origin, **fields)


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


CHECK = {"check": ["test", "-e", "x"]}
EXISTS = {"path_exists": "x"}


def answered(world, item, **answers):
    conditions = [*world.backlog.items[item].item.ready_when]
    conditions += world.backlog.items[item].item.not_ready_when
    by_key = {next(iter(one.model_dump())): name_of(one) for one in conditions}
    return replace(world, answers={by_key[key]: answer for key, answer in answers.items()})


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


def test_the_order_is_the_designs(scene):
    rows = [
        ("H-10", {}),
        ("H-2", {}),
        ("phase", {"phase": 1}),
        ("unblocks", {"unblocks": ["later"]}),
        ("done-when", {"done_when": [{"run": ["true"]}]}),
        ("wave-2", {"wave": "w2", "done_when": [{"run": ["true"]}]}),
        ("urgent", {"priority": "P0"}),
        ("rest", {"priority": "P3", "wave": "w2", "done_when": [{"run": ["true"]}]}),
        ("later", {}),
        ("failed", {"unblocks": ["later"], "done_when": [{"run": ["true"]}]}),
    ]
    world = scene(*rows)
    failed = closing(world, "failed", spec="0" * 64)
    world = replace(world, closed={"failed": (failed,)})
    assert select(world).order == (
        "urgent", "wave-2", "done-when", "unblocks", "phase", "H-2", "H-10", "failed", "rest",
    )  # fmt: skip


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


def test_waves_run_in_order_and_an_integration_item_closes_them(scene):
    rows = {
        "one": {"wave": "9"}, "two": {"wave": "9"}, "all": {"wave": "9", "kind": "integration"},
        "big": {"wave": "9", "slice": "umbrella"}, "next": {"wave": "10"}, "free": {},
    }  # fmt: skip

    def after(**statuses):
        changed = {name: {**row} for name, row in rows.items()}
        for name, status in statuses.items():
            changed[name]["status"] = status
        return select(scene(*changed.items()))

    assert after().order == ("one", "two", "free")
    assert after().skipped["all"].why == "closes wave 9, which is not done: one, two"
    assert after(one="done", two="cancelled").order == ("all", "free")
    done = after(one="done", two="done", all="done")
    assert done.order == ("next", "free")


def test_no_more_is_opened_than_there_are_places(scene):
    world = scene("A", "B", "C", selection={"max_agents": 2})
    assert select(world).order == ("A", "B")
    assert select(replace(world, open=(Open("Q", ("q",)),))).order == ("A",)
    full = select(replace(world, open=(Open("Q", ("q",)), Open("R", ("r",)))))
    assert (full.order, set(reasons(full).values())) == ((), {"cap"})
    assert full.skipped["A"].why == "selection.max_agents is 2, and before it comes Q, R"


def test_two_missions_never_share_a_path(scene):
    world = scene(
        ("A", {"write_scope": ["src/**"]}), ("B", {"write_scope": ["**/a.py"]}), "C", scopes=True
    )
    selection = select(world)
    assert selection.order == ("A", "C")
    assert selection.skipped["B"].why == "may write what A may write, which is opened first"
    selection = select(replace(world, open=(Open("R@3", ("src/a.py",)),)))
    assert reasons(selection) == {"A": "scope_overlap", "B": "scope_overlap"}


def test_a_mission_that_waits_for_a_person_holds_no_place_and_no_path(scene):
    world = scene("A", "B", selection={"max_agents": 1}, open=(Open("B", ("**",), "a waiver"),))
    selection = select(world)
    assert selection.order == ("A",)
    assert selection.skipped["B"].why == "mission B is open and waits for a person: a waiver"


def test_one_escalation_stops_everything_where_policy_says_so(scene):
    waiting = (Open("B", ("b",), "a waiver"),)
    world = scene("A", selection={"on_escalation": "halt"}, open=waiting)
    assert reasons(select(world)) == {"A": "halted"}
    assert select(replace(world, open=(Open("B", ("b",)),))).order == ("A",)


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


def test_without_the_hub_nothing_is_opened_and_each_item_says_why(scene):
    found = select(scene("A", "B", offline="nobody answers"))
    assert found.order == ()
    assert {skip.reason for skip in found.skipped.values()} == {SkipReason.HALTED}
    assert all("nobody answers" in skip.why for skip in found.skipped.values())
