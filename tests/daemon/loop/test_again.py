"""The next attempt: goes on from the last one's work, and is told what was wrong with it."""

import json
import os
import signal
import textwrap

import pytest

from daemon.serve import once
from gitops import ledger
from policy.canonical import sha256

POLICY = """schema: 1
extends: default-1
repo_name: house
command: {deterministic: false}
"""
TOLD = "import json, os\ntold = os.environ.get('PAWL_FAILURE')\n"


def learns(first, then):
    """A builder that does *first* and, told of a failure as `account`, does *then*."""
    then = "account = json.load(open(told))\n" + textwrap.dedent(then)
    body = f"if told is None:\n{textwrap.indent(first, '  ')}\nelse:\n{textwrap.indent(then, '  ')}"
    return ["python3", "-c", TOLD + body]


@pytest.fixture
def house(house):
    house.commits({".pawl/policy.yaml": POLICY})
    return house


def started(house):
    return [fact for fact in house.facts("H-1") if fact.kind == "attempt-started"]


def checkpoints(house):
    return [fact.checkpoint for fact in house.facts("H-1") if fact.kind == "attempt-ended"]


class Once:
    def __init__(self, name, act):
        self.name, self.act, self.left = name, act, 1

    def __call__(self, name):
        if name == self.name and self.left:
            self.left = 0
            self.act()


def test_it_goes_on_from_its_checkpoint_and_is_told_what_failed(house):
    then = "open('H-1.txt', 'a').write(' '.join(['made', account['class'], account['gate']]))"
    made = [{"run": ["grep", "-q", "made", "H-1.txt"]}]
    house.wishes("H-1", command=learns("open('H-1.txt', 'w').write('half\\n')", then), tests=made)
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.shows("H-1.txt") == "half\nmade test_failure tests"
    first, second = started(house)
    assert (first.told, second.start) == (None, checkpoints(house)[0])
    assert second.base == first.base
    content = ledger.read_closed_file(house.store, "H-1", "attempts/2/failure.json")
    assert second.told == sha256(content)
    account = json.loads(content)
    assert (account["attempt"], account["work_tree"]) == (1, "own_work")
    assert "made" not in house.git("log", "--format=%B", "main")


def test_what_it_is_told_cannot_be_changed(house):
    then = """
    for act in (lambda: open(told, 'w'), lambda: os.unlink(told)):
        try:
            act()
        except OSError:
            open('H-1.txt', 'a').write('no ')
    """
    refused = [{"run": ["grep", "-q", "no no", "H-1.txt"]}]
    house.wishes("H-1", command=learns("open('H-1.txt', 'w').write('x')", then), tests=refused)
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


def test_what_only_fails_beside_somebody_elses_work_is_gone_on_with_beside_it(house):
    """F100: each is right alone."""
    both = "test -s H-1.txt && { test ! -e rule || grep -q rule H-1.txt; }"
    then = "open('H-1.txt', 'a').write(open('rule').read())"
    house.wishes(
        "H-1",
        command=learns("open('H-1.txt', 'w').write('made\\n')", then),
        tests=[{"run": ["sh", "-c", both]}],
    )
    house.runs(point=Once("builder-end", lambda: house.commits({"rule": "rule\n"})))
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.shows("H-1.txt") == "made\nrule"
    second = started(house)[1]
    tip = house.git("rev-parse", "main~1")
    assert second.base == tip
    assert house.git("log", "-1", "--format=%P", second.start).split() == [
        tip, checkpoints(house)[0],
    ]  # fmt: skip
    assert house.git("show", "--format=", "--name-only", "main").split() == [
        "H-1.txt", "backlog/H-1.yaml",
    ]  # fmt: skip


def test_a_conflict_is_made_anew_from_the_target_with_its_own_diff_at_hand(house):
    then = """
    own = [line[1:] for line in account['patch'].splitlines() if line.startswith('+made')]
    open('H-1.txt', 'a').write(own[0] + ' beside ' + account['paths'][0])
    """
    house.wishes(
        "H-1",
        command=learns("open('H-1.txt', 'w').write('made\\n')", then),
        tests=[{"run": ["grep", "-q", "made", "H-1.txt"]}],
    )
    house.runs(point=Once("builder-end", lambda: house.commits({"H-1.txt": "a person's\n"})))
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.shows("H-1.txt") == "a person's\nmade beside H-1.txt"
    second = started(house)[1]
    assert second.start == second.base == house.git("rev-parse", "main~1")


def test_a_conflict_that_stays_one_is_told_to_a_person_after_one_more_attempt(house):
    policy = POLICY + "failures: {merge_conflict: {then: escalate}}\n"
    house.commits({".pawl/policy.yaml": policy})
    left = [1, 2]

    def writes(name):
        if name == "builder-end":
            house.commits({"H-1.txt": f"a person's {left.pop()}\n"})

    house.wishes("H-1", command=["sh", "-c", "date +%N > H-1.txt"])
    standing = house.runs(point=writes)
    assert standing.rests["H-1"].reason == "waiting"
    assert house.facts("H-1")[-1].reason == "merge_conflict"


def test_an_attempt_that_was_killed_is_told_the_same_again(house):
    then = "open('H-1.txt', 'a').write('made')"
    made = [{"run": ["grep", "-q", "made", "H-1.txt"]}]
    house.wishes("H-1", command=learns("open('H-1.txt', 'w').write('half\\n')", then), tests=made)
    seen = []

    def stops(name):
        seen.append(name)
        if seen.count("builder-start") == 2 and name == "builder-start":
            os.kill(os.getpid(), signal.SIGTERM)

    house.runs(point=stops)
    assert house.kinds("H-1")[-1] == "attempt-interrupted"
    with house.serves() as it:
        once(it)
    assert house.ended("H-1") == ("PASS", "landed")
    second, again = started(house)[1:]
    assert second == again
    assert second.told


def test_a_deterministic_builder_starts_afresh_and_is_told_nothing(house):
    house.commits({".pawl/policy.yaml": POLICY.replace("false", "true")})
    asks = "import os; open('H-1.txt', 'w').write(str('PAWL_FAILURE' in os.environ))"
    made = [{"run": ["grep", "-q", "True", "H-1.txt"]}]
    house.wishes("H-1", command=["python3", "-c", asks], tests=made)
    house.runs(point=Once("builder-end", lambda: house.commits({"README": "moved\n"})))
    assert house.ended("H-1") == ("BLOCKED", "tests_failed")
    assert {one.told for one in started(house)} == {None}
    assert all(one.start == one.base for one in started(house))
