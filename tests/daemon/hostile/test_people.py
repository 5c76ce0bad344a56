"""People at work beside the daemon: what they do counts at once, and nothing of theirs is lost."""

import threading

import pytest

from daemon.serve import once, serving

WAITS = ["sh", "-c", "echo made > H-1.txt; sleep 1000"]


@pytest.fixture
def entries(pawl):
    """The missions as `pawl once --json` tells them, by id, and the exit code."""

    def run():
        said = pawl("once", "--json")
        return said.code, {one["id"]: one for one in said.json["missions"]}

    return run


def merging(house):
    house.git("switch", "-qc", "side", "HEAD~1")
    house.commits({"README": "theirs\n"})
    house.git("switch", "-q", "main")
    house.commits({"README": "ours\n"})
    house.git("merge", "-q", "--no-commit", "-s", "ours", "side")


HOLDS = {
    "an edited file": lambda house: (house.path / "README").write_text("mine\n"),
    "a staged file": lambda house: (
        (house.path / "README").write_text("mine\n"),
        house.git("add", "README"),
    ),
    "an untracked file in the way": lambda house: (house.path / "H-1.txt").write_text("mine\n"),
    "a merge in progress": merging,
    "a lock of somebody's git": lambda house: (house.gitdir / "index.lock").touch(),
}
FREES = {
    "an edited file": lambda house: house.git("checkout", "--", "README"),
    "a staged file": lambda house: house.git("reset", "--quiet", "--hard"),
    "an untracked file in the way": lambda house: (house.path / "H-1.txt").unlink(),
    "a merge in progress": lambda house: house.git("merge", "--abort"),
    "a lock of somebody's git": lambda house: (house.gitdir / "index.lock").unlink(),
}


@pytest.mark.parametrize("what", HOLDS)
def test_a_landing_is_held_by_a_persons_work_and_goes_on_after_it(house, entries, what):
    house.wishes("H-1")
    HOLDS[what](house)
    before, seen = house.tip(), house.git("status", "--porcelain")
    code, missions = entries()
    assert (code, missions["H-1"]["outcome"], missions["H-1"]["rests"]) == (9, None, "held")
    assert str(house.path) in missions["H-1"]["why"]
    assert (house.tip(), house.git("status", "--porcelain")) == (before, seen)
    FREES[what](house)
    assert entries()[0] == 0
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.git("status", "--porcelain") == ""
    assert (house.path / "H-1.txt").read_text() == "made\n"


def test_pause_mid_mission_stops_the_landing_and_lets_the_builder_finish(house, entries, meanwhile):
    house.wishes("H-1")
    point = meanwhile("builder-start", lambda: house.commits({".pawl/PAUSE": "look\n"}, "pause"))
    standing = house.runs(point=point)
    assert (standing.rests["H-1"].reason, house.subjects()[-1]) == ("paused", "pause")
    assert house.kinds("H-1")[-1] == "attempt-ended"
    assert entries()[0] == 0
    house.commits({".pawl/PAUSE": None}, "unpause")
    assert entries()[0] == 0
    assert house.ended("H-1") == ("PASS", "landed")
    assert ".pawl/PAUSE" not in house.git("ls-tree", "-r", "--name-only", "main")


def interrupted(house, act):
    """Run until idle; once the builder of H-1 runs, *act*."""
    with serving(house.outside) as served:

        def soon():
            act()
            served.wake.up()

        def told(mission, what):
            if (mission, what) == ("H-1", "attempt 1: command"):
                threading.Thread(target=soon).start()

        served.daemon._told = told
        return once(served)


ENDS = {
    "cancelled": ({"status": "cancelled"}, "by_person"),
    "changed": ({"contract": "something else"}, "item_changed"),
    "reopened": ({"reopen": 2}, "item_changed"),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_item_that_changes_while_it_runs_ends_the_run(house, how):
    change, reason = ENDS[how]
    house.wishes("H-1", command=WAITS)
    interrupted(house, lambda: house.wishes("H-1", **change))
    assert house.ended("H-1") == ("CANCELLED", reason)
    if how != "cancelled":
        assert house.ended("H-1@2") == ("PASS", "landed")
        assert house.subjects("pawl/ledger")[-1].startswith("H-1@2")


def test_a_removed_item_ends_its_run_and_is_forgotten(house):
    house.wishes("H-1", command=WAITS)
    standing = interrupted(house, lambda: house.commits({"backlog/H-1.yaml": None}, "no more"))
    assert house.ended("H-1") == ("CANCELLED", "item_removed")
    assert (standing.rests, standing.selection.skipped) == ({}, {})


def test_an_item_broken_while_it_runs_lands_only_when_mended(house, meanwhile, pawl):
    house.wishes("H-1")
    good = (house.path / "backlog/H-1.yaml").read_text()
    spoil = {"backlog/H-1.yaml": good + "colour: red\n"}
    point = meanwhile("gates-end", lambda: house.commits(spoil, "spoilt"))
    standing = house.runs(point=point)
    assert standing.rests["H-1"].reason == "item_unreadable"
    assert pawl("once").code == 3
    house.commits({"backlog/H-1.yaml": good}, "mended")
    assert pawl("once").code == 0
    assert house.ended("H-1") == ("PASS", "landed")


def test_whatever_else_changes_of_an_item_does_not_disturb_it(house, meanwhile):
    house.wishes("H-1")
    point = meanwhile("gates-end", lambda: house.wishes("H-1", priority="P0", owner="Ada"))
    house.runs(point=point)
    assert house.ended("H-1") == ("PASS", "landed")
    assert 'owner: "Ada"' in house.shows("backlog/H-1.yaml")
    assert "status: done" in house.shows("backlog/H-1.yaml")


def test_a_persons_commit_on_the_work_branch_is_what_the_next_attempt_starts_from(
    house, policy, meanwhile
):
    policy("failures: {test_failure: {action: retry, limit: 3, origin: environment}}")
    house.wishes(
        "H-1",
        write_scope=["H-1.txt", "hint"],
        command=["sh", "-c", "cp hint H-1.txt 2> /dev/null || touch H-1.txt"],
    )

    def advise():
        house.git("switch", "-q", "pawl/work/H-1")
        house.commits({"hint": "try this\n"}, "a hint")
        house.git("switch", "-q", "main")

    house.runs(point=meanwhile("gates-end", advise))
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.shows("H-1.txt") == "try this"
    assert house.shows("hint") == "try this"
    second = [fact for fact in house.facts("H-1") if fact.kind == "attempt-started"][1]
    assert house.git("log", "-1", "--format=%s %an", second.start) == "a hint Ada"
    anchors = house.git("log", "--first-parent", "--format=%P", "pawl/ledger^2").split()
    assert second.start in anchors, "the ledger holds it, whatever becomes of the branch"


def test_each_checkpoint_is_on_the_work_branch_and_stays_there_when_blocked(house, policy):
    policy("failures: {test_failure: {action: retry, limit: 2, origin: environment}}")
    house.wishes("H-1", command=["sh", "-c", "date +%N > extra; touch H-1.txt"],
                 write_scope=["**"])  # fmt: skip
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "tests_failed")
    said = house.git("log", "--format=%s", "main..pawl/work/H-1").splitlines()
    assert said == ["H-1: attempt 3", "H-1: attempt 2", "H-1: attempt 1"]


def test_a_blocked_item_stays_closed_until_a_person_reopens_it(house, entries):
    house.wishes("H-1", command=["touch", "H-1.txt"])
    assert entries()[0] == 6
    assert entries() == (0, {})
    house.wishes("H-1", command=["touch", "H-1.txt"], priority="P0")
    assert entries() == (0, {})
    house.wishes("H-1", command=["touch", "H-1.txt"], reopen=2)
    code, missions = entries()
    assert (code, [*missions]) == (6, ["H-1@2"])
    assert house.facts("H-1@2")[0].previous == "H-1"
