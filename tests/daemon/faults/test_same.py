"""Two runs from the same start tell the same story: facts, order, reasons (promise 5).

Left out of the comparison is what is a time, or what a clock or the kernel measured: `at`, `today`
and `usage`; and who wrote it: `host` and `epoch`. Ids of commits hold the time at which they were
made, and a step's id holds ids of commits, so these are compared by the order in which the story
first names them: equal stories name equal things at equal places. Everything else, all trees,
blobs, digests of changes, of environments and of what selection was told, is compared as it is.
"""

import json
import re
import signal
from datetime import timedelta

import pytest

from daemon.clock import SystemClock
from tests.daemon.faults.lives import BY_NAME, Life, Place, wishes_two

UNLIKE = {"at", "today", "usage", "host", "epoch", "shown", "permission", "permissions", "seen"}
"""A request says until when it may be answered, so it and its answers are other files each time,"""
HOLDING = {"tree", "start_tree", "prompt"}
"""and what holds an answer is another tree: `product` is the one without."""


class LaterClock(SystemClock):
    """A clock of another hour: a day ahead would be another `today` to conditions."""

    def now(self):
        return super().now() + timedelta(hours=5)


def wishes_many(house):
    """One item for each way of not running, beside the two that do."""
    wishes_two(house)
    house.wishes("B-1", slice="umbrella")
    house.wishes("B-2", blocked_by=["B-1"])
    house.wishes("B-3", phase=9)
    house.wishes("B-4", status="blocked")
    house.wishes("B-5", status="cancelled")
    house.wishes("B-6", ready_when=[{"after": "2999-01-01"}])
    house.wishes("C-1", command=["true"])
    house.wishes("C-2", command=["sh", "-c", "exit 3"])
    house.wishes("C-3", command=["sh", "-c", "echo x > C-3.txt; echo x > README"])
    house.commits({"backlog/D-1.yaml": "id: D-1\nid: D-1\n"})


LIVES = {**BY_NAME, "many": Life("many", wishes_many)}


class Namer:
    """Names commits and steps by when they are first heard of."""

    def __init__(self, house):
        commits = house.git("cat-file", "--batch-all-objects", "--batch-check").splitlines()
        self.commits = {row.split()[0] for row in commits if row.split()[1] == "commit"}
        self.names = {}
        self.answered = house.files()["waivers"] > 0

    def __call__(self, match):
        word = match[0]
        if len(word) == 40 and word not in self.commits:
            return word
        return self.names.setdefault(word, f"<{len(self.names)}>")

    def told(self, fact):
        fact = {key: value for key, value in fact.items() if key not in UNLIKE}
        step = fact.pop("step")
        unlike = UNLIKE | HOLDING if self.answered else UNLIKE
        fact["payload"] = _without(fact["payload"], unlike)
        text = re.sub(r"\b[0-9a-f]{40}\b", self, json.dumps(fact, sort_keys=True))
        return re.sub(r".+", self, step), json.loads(text)


def _without(payload, names):
    return {
        key: _without(value, names) if isinstance(value, dict) else value
        for key, value in payload.items()
        if key not in names
    }


def story(house):
    """Return each closed mission's facts in the order of their closing, and the open ones'."""
    namer = Namer(house)
    closed = house.subjects("pawl/ledger")[1:]
    missions = [one.partition(":")[0] for one in closed if not one.startswith("pages: ")]
    refs = house.git("for-each-ref", "--format=%(refname)", "refs/pawl/missions").splitlines()
    missions += [ref.rpartition("/")[2] for ref in refs]
    rows = [json.loads(one.to_json()) for each in missions for one in house.page(each).records]
    return missions, [namer.told(row) for row in rows]


def skips(standing):
    return {item: (skip.reason, skip.why) for item, skip in standing.selection.skipped.items()}


@pytest.mark.parametrize("life", LIVES)
def test_two_runs_from_the_same_start_tell_the_same_story(copied, life):
    told = []
    for where, clock in (("first", SystemClock()), ("second", LaterClock())):
        house = copied(LIVES[life], where)
        standing = house.lives(clock=clock)
        told.append((story(house), skips(standing), house.landings(), house.files()))
    first, second = told
    assert first[0][0] == second[0][0]
    for one, other in zip(first[0][1], second[0][1], strict=True):
        assert one == other
    assert first[1:] == second[1:]


def test_every_reason_not_to_run_is_given_again_after_a_kill(copied):
    undisturbed = skips(copied(LIVES["many"], "whole").lives())
    house = copied(LIVES["many"], "killed")
    assert house.dies(Place("land:after-cas", 2)) == -signal.SIGKILL
    again = skips(house.lives())
    assert again == undisturbed
    assert {reason for reason, _ in again.values()} >= {
        "invalid",
        "done",
        "cancelled",
        "blocked_by_person",
        "umbrella",
        "phase_cap",
        "blocked_by",
        "not_ready",
        "closed_unresolved",
    }
