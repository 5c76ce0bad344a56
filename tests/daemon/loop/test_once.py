"""A committed wish becomes a proven, landed commit, or says why not."""

import pytest


def test_a_wish_lands_as_one_commit_and_leaves_its_story(house):
    house.wishes("H-1")
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.subjects()[-1] == "make H-1.txt"
    assert house.shows("H-1.txt") == "made"
    assert "status: done" in house.shows("backlog/H-1.yaml")
    assert house.kinds("H-1") == [
        "mission-opened",
        "attempt-started",
        "attempt-ended",
        "candidate-built",
        "gates-judged",
        "landing-started",
        "landed",
        "target-judged",
        "mission-closed",
    ]


def test_the_landed_commit_is_the_tree_that_was_judged_and_names_its_evidence(house):
    house.wishes("H-1")
    house.runs()
    judged, landing = house.facts("H-1")[4], house.facts("H-1")[5]
    assert house.tip("main^{tree}") == landing.tree
    assert all(record.verdict.kind == "passed" for record in judged.records)
    gates = house.git("log", "-1", "--format=%(trailers:key=Pawl-Gates,valueonly)", "main").strip()
    assert "gates judged" in house.git("log", "-1", "--format=%s", gates)


def test_nothing_is_left_behind_but_the_ledger(house):
    house.wishes("H-1")
    house.runs()
    refs = house.git("for-each-ref", "--format=%(refname)").splitlines()
    assert refs == ["refs/heads/main", "refs/heads/pawl/ledger"]
    assert house.git("status", "--porcelain") == ""
    assert house.git("fsck", "--strict", "--no-dangling") == ""
    assert house.subjects("pawl/ledger")[-1].startswith("H-1: mission closed")


def test_a_second_run_has_nothing_to_do(house):
    house.wishes("H-1")
    house.runs()
    tip, ledger = house.tip(), house.tip("pawl/ledger")
    standing = house.runs()
    assert (house.tip(), house.tip("pawl/ledger")) == (tip, ledger)
    assert standing.selection.skipped["H-1"].reason == "done"


def test_an_item_waits_for_what_blocks_it_and_then_lands_on_top(house):
    house.wishes("A-2", blocked_by=["Z-1"], command=["cp", "Z-1.txt", "A-2.txt"])
    house.wishes("Z-1")
    house.runs()
    assert house.subjects()[-2:] == ["make Z-1.txt", "make A-2.txt"]


CODE = "open('H-1.txt', 'w').write('made')"


@pytest.mark.parametrize(
    ("command", "reason", "failure"),
    [
        (["python3", "-c", "raise SystemExit(3)"], "builder_failed", "build_error"),
        (["true"], "no_changes", "no_changes"),
        (["no-such-tool"], "builder_failed", "tool_missing"),
        (["touch", "H-1.txt"], "tests_failed", "test_failure"),
        (["sh", "-c", "echo 1 > H-1.txt; echo 1 > README"], "scope_violation", "scope_violation"),
        (
            ["sh", "-c", "echo 1 > H-1.txt; echo 1 > .gitattributes"],
            "protected_path",
            "protected_path",
        ),
        (["sh", "-c", "echo 1 > H-1.txt; mkfifo pipe"], "workspace_rejected", "validation_error"),
    ],
    ids=["fails", "idle", "no-tool", "wrong", "out-of-scope", "protected", "fifo"],
)
def test_a_bad_builder_is_blocked_with_its_own_reason(house, command, reason, failure):
    scope = ["H-1.txt"] if reason != "protected_path" else ["**"]
    house.wishes("H-1", command=command, write_scope=scope)
    before = house.tip()
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", reason)
    assert house.summary("H-1")["failure"] == failure
    assert house.tip() == before


def test_tests_that_were_green_before_prove_nothing(house):
    house.wishes("H-1", tests=[{"run": ["true"]}])
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "already_green")


def test_work_that_somebody_else_landed_meanwhile_is_satisfied_and_still_proven(house):
    house.wishes("H-1")

    def person(name):
        if name == "builder-end":
            house.commits({"H-1.txt": "made\n"}, "I did it myself")

    house.runs(point=person)
    assert house.ended("H-1") == ("PASS", "already_satisfied")
    assert house.subjects()[-2:] == ["I did it myself", "make H-1.txt"]
    assert house.git("diff", "--name-only", "main~1", "main") == "backlog/H-1.yaml"
    assert "red_first" not in house.summary("H-1")["gates"]
    assert house.summary("H-1")["gates"]["tests"] == "passed"
