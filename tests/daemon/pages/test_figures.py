"""Figures: counted from the ledger; command, page and `git log` alone tell the same."""

import json
import subprocess
import sys

import pytest

from daemon.pages.remembered import read_counted, write_counted
from gitops import refs
from gitops.ledger import counting
from gitops.ledger.counting import count
from tests.independent.metrics import metrics


def told(house, *argv):
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "-C", house.path, "metrics", *argv],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_something(figure):
    if isinstance(figure, dict):
        return bool(figure) and all(map(is_something, figure.values()))
    return bool(figure)


def test_git_log_alone_finds_the_very_same_figures(storied):
    answer = json.loads(told(storied, "--json"))
    doubt = answer.pop("doubt")
    assert doubt == "mode unsigned-local"
    assert answer == metrics(storied.gitdir)
    for side in (answer["all"], answer["window"]):
        for name, figure in side.items():
            assert is_something(figure), name
    every, window = answer["all"], answer["window"]
    assert every["closed"] == window["closed"] + 1 == 11
    assert every["endings"] == {
        "BLOCKED": {"no_changes": 1, "scope_violation": 1, "tests_failed": 2},
        "CANCELLED": {"by_person": 2},
        "PASS": {"landed": 5},
    }
    asked = {"APPROVAL_REQUESTED": 2, "ESCALATION_REQUESTED": 1, "WAIVER_REQUESTED": 1}
    assert every["asked"] == asked
    assert every["answered"] == {"approval": 1, "waiver": 1}
    assert (every["waivers"], every["unaided"]["count"]) == (1, 3)
    assert every["target"]["flaky"] == every["flaky"]["count"] == 1
    assert every["attempts_per_landing"]["count"] == 6

    assert "rejected by gate: scope_violation" in told(storied)
    assert "60.0 % (3 of 5)" in told(storied)


@pytest.fixture
def plain(house):
    """Three missions that came to nothing."""
    for number in (1, 2, 3):
        house.wishes(f"H-{number}", command=["true"])
    house.runs()
    return house


def test_a_clone_counts_from_nothing(plain, tmp_path):
    clone = tmp_path / "clone"
    plain.git("clone", "--quiet", str(plain.path), str(clone))
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "-C", clone, "metrics", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert "unverified" in answer.pop("doubt")
    assert answer == metrics(plain.gitdir)


def test_what_earlier_releases_closed_is_counted_from_its_facts(plain, monkeypatch):
    store = plain.store
    tip = refs.read(store, refs.LEDGER)
    counted = count(store, tip, span=30)
    monkeypatch.setattr("gitops.ledger.counting._stored", lambda *_: None)
    assert count(store, tip, span=30) == counted


def test_counting_goes_on_from_what_is_known(plain, monkeypatch):
    store = plain.store
    tip = refs.read(store, refs.LEDGER)
    whole = count(store, tip, span=30)
    earlier = count(store, plain.tip("pawl/ledger~1"), span=30)
    read = []
    stored = counting._stored
    monkeypatch.setattr(counting, "_stored", lambda *of: read.append(of[1]) or stored(*of))
    assert count(store, tip, span=30, before=earlier) == whole
    assert len(read) == 1
    assert count(store, tip, span=30, before=whole) == whole
    assert len(read) == 1
    assert count(store, tip, span=1, before=whole).book.span == 1
    assert len(read) == 4


def test_a_ledger_that_was_put_back_is_counted_anew(plain):
    store = plain.store
    whole = count(store, refs.read(store, refs.LEDGER), span=30)
    back = plain.tip("pawl/ledger~2")
    assert count(store, back, span=30, before=whole).book.total.closed == 1


@pytest.mark.unaudited("a foreign ledger")
def test_a_ledger_of_somebody_else_is_not_counted(plain):
    forged = plain.git("commit-tree", "pawl/ledger^{tree}", "-p", "pawl/ledger", "-m", "mine")
    plain.git("update-ref", "refs/heads/pawl/ledger", forged)
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "-C", plain.path, "metrics"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 5
    assert "not the daemon's" in done.stderr


def test_nothing_is_counted_before_anything_is_closed(house):
    assert "no mission is closed yet" in told(house)


def test_what_is_remembered_is_not_believed_when_it_was_changed(plain):
    state = plain.outside.state
    assert read_counted(state) is None
    counted = count(plain.store, refs.read(plain.store, refs.LEDGER), span=30)
    write_counted(state, counted)
    assert read_counted(state) == counted
    path = state / "cache" / "metrics.json"
    path.write_text(path.read_text().replace('"closed":3', '"closed":4'))
    assert read_counted(state) is None
    assert "missions closed" in told(plain)
