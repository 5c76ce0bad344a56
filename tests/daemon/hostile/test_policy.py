"""A policy that is none, or another repository's: nothing lands until a person has mended it."""

import pytest

GOOD = "schema: 1\nextends: default-1\nrepo_name: house\n"
BROKEN = {
    "no-yaml": ("schema: 1\nextends: [\n", "policy.yaml"),
    "unknown-key": (GOOD + "colour: red\n", "line 4: colour"),
    "twice": (GOOD + "repo_name: house\n", "line 4: repo_name: is there twice"),
    "other-base": ("schema: 1\nextends: ../../etc/passwd\n", "extends: must be one of"),
    "large": (GOOD + "# long\n" * 1_500_000, "bytes"),
    "empty": ("", "empty"),
    "other-target": (GOOD + "target: trunk\n", "names the target trunk"),
    "missing": (None, "there is no file .pawl/policy.yaml"),
    "link": ("link", "policy.yaml"),
    "folder": ("folder", "policy.yaml"),
}


@pytest.fixture
def breaks(house):
    """`breaks("twice")` commits that policy; every place of a house works, a checkout or not."""

    def commit(name):
        place = house.path / ".pawl/policy.yaml"
        content = BROKEN[name][0]
        place.unlink()
        match content, name:
            case _, "missing":
                pass
            case _, "link":
                place.symlink_to("revoked")
            case _, "folder":
                place.mkdir()
                (place / "policy.yaml").write_text(GOOD)
            case bytes(), _:
                place.write_bytes(content)
            case str(), _:
                place.write_text(content)
        house.git("add", "-A")
        house.git("commit", "-qm", f"policy: {name}")
        return house.tip()

    def mend():
        house.git("rm", "-rqf", "--ignore-unmatch", ".pawl/policy.yaml")
        house.commits({".pawl/policy.yaml": GOOD}, "mended")

    commit.mend = mend
    return commit


def test_without_a_policy_nothing_opens_and_each_is_told_of(house, pawl, breaks):
    house.wishes("H-1")
    for name, (_, said) in BROKEN.items():
        broken = breaks(name)
        answer = pawl("once")
        assert answer.code in (3, 9), name
        assert said in answer.out, name
        assert "H-1 (halted)" in answer.out, name
        assert house.tip() == broken
        breaks.mend()
    assert pawl("once").code == 0
    assert house.ended("H-1") == ("PASS", "landed")


@pytest.mark.parametrize(
    "when",
    [("builder-end", "no-yaml"), ("gates-end", "other-target"), ("gates-end", "missing")],
    ids="-".join,
)
def test_a_policy_broken_mid_mission_freezes_its_landing_until_mended(
    house, pawl, breaks, meanwhile, when
):
    place, name = when
    house.wishes("H-1")
    standing = house.runs(point=meanwhile(place, lambda: breaks(name)))
    assert standing.rests["H-1"].reason == "frozen"
    assert BROKEN[name][1] in standing.rests["H-1"].why
    assert house.subjects()[-1] == f"policy: {name}"
    answer = pawl("once", "--json")
    assert answer.code in (3, 9)
    assert [one["outcome"] for one in answer.json["missions"]] == [None]
    breaks.mend()
    assert pawl("once").code == 0
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.subjects()[-1] == "make H-1.txt"


def test_what_was_judged_under_another_policy_is_judged_again(house, policy, meanwhile):
    """The stricter policy came after the gates had spoken: its own gate is asked as well."""
    house.wishes("H-1")
    strict = "gates: [{name: never, run: ['false'], timeout_s: 9}]"
    house.runs(point=meanwhile("gates-end", lambda: policy(strict)))
    assert house.ended("H-1") == ("BLOCKED", "tests_failed")
    assert "gate never" in house.summary("H-1")["why"]


@pytest.mark.parametrize("path", [".pawl/approvers", ".pawl/revoked"])
def test_garbage_among_the_approvers_is_nobodys_approval(house, writes, pawl, path):
    writes({path: b"\xff\xfe * cert-authority \x00" * 1000})
    house.wishes("H-1")
    house.wishes("H-2", requires_approval=True, title="needs approval")
    answer = pawl("once", "--json")
    assert (answer.code, house.ended("H-1")) == (7, ("PASS", "landed"))
    ends = {one["id"]: (one["outcome"], one["reason"]) for one in answer.json["missions"]}
    assert ends["H-2"] == ("APPROVAL_REQUESTED", "approval_missing")
    assert "needs approval" not in house.subjects()
    assert pawl("once").code == 7


def test_whoever_asks_is_told_of_the_freeze_before_anything_runs(house, pawl, breaks):
    house.wishes("H-1")
    breaks("other-target")
    for command in (("explain",), ("once", "--dry-run"), ("explain", "H-1")):
        assert "frozen: .pawl/policy.yaml names the target trunk" in pawl(*command).out, command
    assert pawl("status", "--json").json["skipped"] == {"H-1": "halted"}
