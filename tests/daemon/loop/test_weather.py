"""What comes at the worst moment costs a retry, and nothing else."""

import errno

import pytest

from daemon.serve import once


class Once:
    """Does something the first time a point is passed."""

    def __init__(self, name, act):
        self.name, self.act, self.left = name, act, 1

    def __call__(self, name):
        if name == self.name and self.left:
            self.left -= 1
            self.act()


def test_a_push_while_a_candidate_is_built_is_only_built_again(house):
    house.wishes("H-1")
    push = Once("candidate", lambda: house.commits({"README": "a person's house\n"}))
    house.runs(point=push)
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.subjects()[-2:] == ["a person's commit", "make H-1.txt"]
    assert house.shows("README") == "a person's house"


def full():
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "point",
    ["work-branch", "gates-start", "builder-end", "append:gates-judged+landing-started", "archive"],
)
def test_a_disk_that_is_full_for_a_moment_stops_a_mission_for_a_moment(house, point):
    house.commits(
        {
            ".pawl/policy.yaml": "schema: 1\nextends: default-1\nrepo_name: house\n"
            "failures: {resource_exhausted: {backoff_s: 0}}\n"
        }
    )
    house.wishes("H-1")
    trouble = Once(point, full)
    with house.serves(point=trouble) as it:
        assert once(it).doubts == []
        assert not trouble.left
        once(it)
    assert house.ended("H-1") == ("PASS", "landed")


def test_a_check_that_cannot_be_run_ends_the_run_and_says_why(house):
    house.wishes("H-1", ready_when=[{"check": ["true"]}])

    def trouble(name):
        if name == "check-start":
            full()

    standing = house.runs(point=trouble)
    assert "No space left" in standing.short
    assert "pawl doctor" in standing.short
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


def test_a_work_branch_that_is_damaged_keeps_nothing_from_landing(house):
    house.wishes("H-1")
    branch = house.gitdir / "refs/heads/pawl/work/H-1"

    def damage():
        branch.parent.mkdir(parents=True, exist_ok=True)
        branch.write_text("ref: refs/heads/main\n")

    house.runs(point=Once("builder-end", damage))
    assert house.ended("H-1") == ("PASS", "landed")
    branch.unlink(missing_ok=True)


@pytest.mark.parametrize("agents", [2, 3])
def test_several_missions_at_once_land_each_once(house, agents):
    house.commits(
        {
            ".pawl/policy.yaml": "schema: 1\nextends: default-1\nrepo_name: house\n"
            f"selection: {{max_agents: {agents}}}\n"
        }
    )
    names = [f"H-{n}" for n in range(1, 7)]
    for name in names:
        house.wishes(name)
    house.runs()
    assert [house.ended(name) for name in names] == [("PASS", "landed")] * 6
    assert sorted(house.subjects()[-6:]) == [f"make {name}.txt" for name in names]
    assert house.git("status", "--porcelain") == ""


def test_a_mission_with_more_evidence_than_policy_keeps_is_closed_and_known(house):
    house.commits(
        {
            ".pawl/policy.yaml": "schema: 1\nextends: default-1\nrepo_name: house\n"
            "evidence: {piece_bytes: 64, mission_bytes: 64}\n"
        }
    )
    house.wishes("H-1", command=["sh", "-c", "seq 1000; echo made > H-1.txt"])
    house.wishes("H-2", command=["false"])
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.ended("H-2") == ("BLOCKED", "builder_failed")
    standing = house.runs()
    assert standing.doubts == []
    assert standing.selection.skipped["H-2"].reason == "closed_unresolved"


def test_a_policy_that_changes_while_gates_run_has_the_gates_asked_again_under_its_name(house):
    house.wishes("H-1")
    path = ".pawl/policy.yaml"
    stricter = house.shows(path) + "\nreconcile_s: 31\n"
    house.runs(point=Once("gates-end", lambda: house.commits({path: stricter})))
    assert house.ended("H-1") == ("PASS", "landed")
    records = house.page("H-1").records
    opened, first, second = (
        [one.policy for one in records if one.fact.kind == kind]
        for kind in ("mission-opened", "gates-judged", "landing-started")
    )
    assert first == [opened[0], second[0]]
    assert opened[0] != second[0]
