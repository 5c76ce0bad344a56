"""Selection puts items in order, and opens no more than have a place and paths of their own."""

from dataclasses import replace

from policy.backlog.scene import Open
from policy.backlog.selection import select
from tests.policy.backlog.conftest import closing, reasons


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
