"""The demo: each wish has the ending it was written for, and its own reason."""

import subprocess

import pytest

ENDINGS = {
    "TILL-1": ("PASS", "landed", None),
    "TILL-2": ("PASS", "landed", None),
    "TILL-3": ("BLOCKED", "builder_failed", "build_error"),
    "TILL-4": ("BLOCKED", "tests_failed", "test_failure"),
    "TILL-5": ("BLOCKED", "no_changes", "no_changes"),
    "TILL-6": ("BLOCKED", "scope_violation", "scope_violation"),
    "TILL-7": ("BLOCKED", "tests_weakened", "test_tampering"),
    "TILL-8": ("BLOCKED", "regression", "regression"),
    "TILL-9": ("BLOCKED", "already_green", "already_green"),
    "TILL-10": ("BLOCKED", "gate_failed", "report_missing"),
    "TILL-11": ("BLOCKED", "protected_path", "protected_path"),
}

PATH = {"PATH": "/usr/bin:/bin"}
"""Where `pawl` is not: `make demo` is run before anybody links it."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory, desk_in):
    folder = tmp_path_factory.mktemp("demo")
    desk = desk_in(folder)
    return desk, folder / "demo", desk.pawl("demo", str(folder / "demo"), "--json")


def test_it_ends_well(shown):
    _, _, answer = shown
    assert answer.code == 0, answer.err


@pytest.mark.parametrize("item", ENDINGS, ids=str)
def test_each_wish_ends_as_it_was_written_to(shown, item):
    _, _, answer = shown
    (mission,) = [one for one in answer.json["missions"] if one["id"] == item]
    assert (mission["outcome"], mission["reason"], mission["failure"]) == ENDINGS[item]


def test_a_wish_that_waits_for_one_that_failed_never_starts(shown):
    _, _, answer = shown
    assert answer.json["skipped"]["TILL-12"] == "blocked_by"
    assert len(answer.json["missions"]) == len(ENDINGS)


def test_only_what_was_proven_is_on_the_target(shown):
    desk, folder, _ = shown
    log = ("log", "--first-parent", "--format=%s", "main")
    subjects = desk.git(*log, at=folder / "till").splitlines()
    assert subjects == [
        "Split a receipt, tip included",
        "Split a bill without losing cents",
        "backlog: twelve wishes for the till",
        "pawl: serve main",
        "The till as it is: some of its tests are red",
    ]
    assert desk.git("status", "--porcelain", at=folder / "till") == ""


def test_every_mission_is_one_commit_of_the_ledger(shown):
    desk, folder, _ = shown
    log = ("log", "--first-parent", "--format=%s", "pawl/ledger")
    subjects = desk.git(*log, at=folder / "till").splitlines()
    assert subjects[-1] == "The ledger begins"
    assert subjects[0].startswith("pages: ")
    assert {line.partition(":")[0] for line in subjects[1:-1]} == set(ENDINGS)


def test_nothing_lies_outside_of_its_folder(shown):
    desk, _, _ = shown
    assert sorted(path.name for path in desk.home.iterdir()) == [".gitconfig"]


def test_the_same_folder_is_not_used_twice(shown):
    desk, folder, _ = shown
    answer = desk.pawl("demo", str(folder))
    assert (answer.code, "is there already" in answer.err) == (2, True)


def test_it_shows_the_trail_each_reason_and_what_to_type(tmp_path, desk):
    answer = desk.pawl("demo", str(tmp_path / "demo"), **PATH)
    assert answer.code == 0, answer.err
    assert "git log --first-parent main" in answer.out
    assert "git log --first-parent pawl/ledger" in answer.out
    for _, reason, _ in ENDINGS.values():
        assert reason in answer.out
    assert "never began: blocked_by" in answer.out
    assert "waits for TILL-4 (BLOCKED: tests_failed)" in answer.out
    typed = answer.out.partition("Look around:")[2]
    done = subprocess.run(["sh", "-ec", typed], env={**desk.environ, **PATH}, check=False)
    assert done.returncode == 0
