"""While something is in doubt nothing is decided by what cannot be believed."""

import pytest

from daemon.cli.exits import Exit
from daemon.cli.place import open_place
from daemon.cli.work import work_off
from gitops.objects import MissingObjectError
from gitops.observe import is_at

BROKEN_POLICY = {".pawl/policy.yaml": "schema: 1\nextends: default-1\ngates: 7\n"}
POLICY = "schema: 1\nextends: default-1\nrepo_name: house\nbacklog: wishes\n"


@pytest.mark.parametrize("moment", ["builder-end", "gates-end"])
def test_a_policy_that_is_broken_meanwhile_cancels_and_blocks_nothing(house, moment):
    house.commits({".pawl/policy.yaml": POLICY})
    house.wishes("H-1")
    house.commits({"wishes/H-1.yaml": house.shows("backlog/H-1.yaml"), "backlog/H-1.yaml": None})

    def person(name):
        if name == moment and house.shows(".pawl/policy.yaml").endswith("wishes"):
            house.commits(BROKEN_POLICY)

    standing = house.runs(point=person)
    assert standing.rests["H-1"].reason == "frozen"
    assert "mission-closed" not in house.kinds("H-1")
    house.commits({".pawl/policy.yaml": POLICY})
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


def test_a_mission_whose_ref_was_deleted_is_not_begun_anew(house):
    house.wishes("H-1", command=["sh", "-c", "kill -9 $$"])
    house.runs()
    tip = house.tip("refs/pawl/missions/H-1")
    house.git("update-ref", "-d", "refs/pawl/missions/H-1")
    standing = house.runs()
    assert standing.rests["H-1"].reason == "frozen"
    assert standing.selection.skipped["H-1"].reason == "running"
    assert "refs/pawl/missions/H-1" not in house.git("for-each-ref")
    house.git("update-ref", "refs/pawl/missions/H-1", tip)
    assert house.runs().rests["H-1"].reason == "waiting"


def test_a_mission_whose_ref_was_deleted_is_told_and_no_success(house):
    house.wishes("H-1", command=["sh", "-c", "kill -9 $$"])
    house.runs()
    tip = house.tip("refs/pawl/missions/H-1")
    house.git("update-ref", "-d", "refs/pawl/missions/H-1")
    worked = work_off(open_place(house.path))
    assert worked.code is Exit.ENVIRONMENT
    (told,) = worked.as_object()["missions"]
    assert (told["id"], told["outcome"]) == ("H-1", None)
    assert "git update-ref refs/pawl/missions/H-1" in told["why"]
    house.git("update-ref", "refs/pawl/missions/H-1", tip)


def test_nothing_is_archived_on_a_ledger_that_was_rewound(house):
    house.wishes("A-1")
    house.runs()
    seen, before = house.tip("pawl/ledger"), house.tip("pawl/ledger~1")
    house.wishes("H-1")

    def somebody(name):
        if name == "landed":
            house.git("update-ref", "refs/heads/pawl/ledger", before)

    standing = house.runs(point=somebody)
    assert standing.rests["H-1"].reason == "frozen"
    assert house.tip("pawl/ledger") == before
    house.git("update-ref", "refs/heads/pawl/ledger", seen)
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


def test_a_ledger_that_somebody_else_committed_to_is_not_believed(house):
    house.wishes("H-1", command=["false"])
    house.runs()
    tip = house.tip("pawl/ledger")
    tree = house.git("mktree", stdin="")
    forged = house.git("commit-tree", tree, "-p", tip, "-m", "H-1 never happened")
    house.git("update-ref", "refs/heads/pawl/ledger", forged)
    standing = house.runs()
    assert "refs/heads/pawl/ledger" in standing.doubts[0]
    assert standing.selection.skipped["H-1"].reason == "halted"
    house.git("update-ref", "refs/heads/pawl/ledger", tip)
    assert house.runs().selection.skipped["H-1"].reason == "closed_unresolved"


def test_one_mission_whose_item_is_lost_stops_no_other(house):
    house.wishes("H-1", command=["sh", "-c", "kill -9 $$"])
    house.runs()
    blob = house.facts("H-1")[0].item_blob
    house.wishes("H-1", priority="P2", command=["sh", "-c", "kill -9 $$"])
    path = house.gitdir / "objects" / blob[:2] / blob[2:]
    content = path.read_bytes()
    path.chmod(0o644)
    path.unlink()
    standing = house.runs()
    assert standing.rests["H-1"].reason == "frozen"
    assert standing.doubts == []
    path.write_bytes(content)
    assert house.runs().rests["H-1"].reason == "waiting"


def test_a_landing_is_recorded_though_the_policy_breaks_and_under_the_policy_that_was(house):
    house.wishes("H-1")
    whole = house.shows(".pawl/policy.yaml") + "\n"

    def person(name):
        if name == "landed" and house.shows(".pawl/policy.yaml") == whole.strip():
            house.commits(BROKEN_POLICY)

    assert house.runs(point=person).rests["H-1"].reason == "frozen"
    house.commits({".pawl/policy.yaml": whole})
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    records = house.page("H-1").records
    assert {one.policy for one in records} == {records[0].policy}


def test_a_mission_is_not_merged_onto_what_somebody_else_committed_a_moment_ago(house):
    house.wishes("H-1")
    tip = house.tip("pawl/ledger")
    forged = house.git("commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "mine")

    def somebody(name):
        if name == "archive" and house.tip("pawl/ledger") == tip:
            house.git("update-ref", "refs/heads/pawl/ledger", forged)

    assert house.runs(point=somebody).rests["H-1"].reason == "frozen"
    assert house.tip("pawl/ledger") == forged
    house.git("update-ref", "refs/heads/pawl/ledger", tip)
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


@pytest.mark.unaudited("a mission that is not the daemon's")
def test_a_forged_mission_holds_its_own_item_and_no_other(house):
    house.wishes("H-1")
    house.wishes("H-2")
    forged = house.git("commit-tree", house.tip("main^{tree}"), "-m", "H-1: mission opened")
    house.git("update-ref", "refs/pawl/missions/H-1", forged)
    standing = house.runs()
    assert standing.selection.skipped["H-1"].reason == "running"
    assert standing.rests["H-1"].reason == "frozen"
    assert house.ended("H-2") == ("PASS", "landed")
    assert house.tip("refs/pawl/missions/H-1") == forged


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(house):
    house.commits({"docs/a": "1\n"})
    folder = house.git("rev-parse", "HEAD:docs")
    tree = house.tip("main^{tree}")
    (house.gitdir / "objects" / folder[:2] / folder[2:]).unlink()
    with pytest.raises(MissingObjectError):
        is_at(house.store, tree, "docs/b")
    assert not is_at(house.store, tree, "nowhere/b")
