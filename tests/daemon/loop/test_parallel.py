"""Several missions at once: in a fair order, each alone in its paths, none starved."""

import errno
import fnmatch
import itertools
import subprocess
import sys
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.serve import once

DEADLINE_S = 60
POLICY = ".pawl/policy.yaml"


def policy(agents, landing="{}"):
    return (
        "schema: 1\nextends: default-1\nrepo_name: house\n"
        f"selection: {{max_agents: {agents}}}\nlanding: {landing}\n"
    )


def until(holds):
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, "this was waited for in vain"
        time.sleep(0.01)


class Points:
    """`at("gates-start", "H-1")(act)`: do something each time H-1's worker comes by there."""

    def __init__(self):
        self.acts, self.always = defaultdict(list), []

    def at(self, name, mission):
        return self.acts[name, mission].append

    def __call__(self, name):
        for act in self.always:
            act(name)
        for act in self.acts[name, threading.current_thread().name]:
            act()


class Clock:
    """A clock that a test turns on; each look is a moment later."""

    def __init__(self, step=timedelta(milliseconds=1)):
        self.at, self.step = datetime(2026, 1, 15, 12, 0, tzinfo=UTC), step

    def now(self):
        self.at += self.step
        return self.at


def bases(house, mission):
    return [fact.candidate.base for fact in house.facts(mission) if fact.kind == "candidate-built"]


def test_who_was_opened_first_lands_first(house):
    house.commits({POLICY: policy(2)})
    house.wishes("Z-1", priority="P0")
    house.wishes("A-1", priority="P1")
    points, clock = Points(), Clock(timedelta(seconds=1))
    points.at("gates-start", "Z-1")(lambda: (house.path / "README").write_text("dirty\n"))
    with house.serves(point=points, clock=clock) as it:
        standing = once(it)
        assert {one: rest.reason for one, rest in standing.rests.items()} == {
            "Z-1": "held", "A-1": "held",
        }  # fmt: skip
        house.git("checkout", "--quiet", "README")
        once(it)
    assert house.subjects()[-2:] == ["make Z-1.txt", "make A-1.txt"]


def test_a_mission_with_slow_gates_goes_first_after_too_many_rebuilds(house):
    house.commits({POLICY: policy(2, "{rebuilds: 1}")})
    house.wishes("S-1", priority="P0")
    quick = [f"F-{n}" for n in range(1, 5)]
    for name in quick:
        house.wishes(name)
    points, turns = Points(), itertools.count(1)
    with house.serves(point=points) as it:

        def slow():
            """Too late twice, because a quick one landed; then until a quick one holds back."""
            tip = house.tip()
            if next(turns) <= 2:
                until(lambda: house.tip() != tip)
            else:
                until(
                    lambda: "yielding" in {one.reason for one in it.daemon.standing.rests.values()}
                )

        points.at("gates-start", "S-1")(slow)
        once(it)
    assert [house.ended(name) for name in ("S-1", *quick)] == [("PASS", "landed")] * 5
    assert len(bases(house, "S-1")) == 3
    yields = [what for mission, what in house.told if what.startswith("yielding")]
    assert yields
    assert all("S-1 goes first" in what for what in yields)


def test_missions_that_are_in_each_others_way_need_no_back_off(house):
    house.commits({POLICY: policy(4, "{rebuilds: 0, backoff_s: 900}")})
    names = [f"H-{n}" for n in range(1, 9)]
    for name in names:
        house.wishes(name)
    standing = house.runs()
    assert standing.rests == {}
    assert [house.ended(name) for name in names] == [("PASS", "landed")] * 8


def test_pushes_that_never_end_make_a_mission_wait_longer_and_the_others_land(house):
    house.commits({POLICY: policy(2, "{rebuilds: 1, backoff_s: 40, backoff_max_s: 60}")})
    house.wishes("H-1", priority="P0")
    points, clock, n = Points(), Clock(), itertools.count(1)

    def pushes():
        number = next(n)
        if number <= 4:
            house.commits({"README": f"push {number}\n"})

    points.at("gates-end", "H-1")(pushes)
    with house.serves(point=points, clock=clock) as it:
        rest = once(it).rests["H-1"]
        assert rest.reason == "backing_off"
        assert "the target has moved 3 times" in rest.why
        assert (rest.until - clock.at).total_seconds() == pytest.approx(40, abs=1)
        house.wishes("O-1")
        assert once(it).rests.keys() == {"H-1"}
        assert house.ended("O-1") == ("PASS", "landed")
        clock.at = rest.until
        rest = once(it).rests["H-1"]
        assert (rest.until - clock.at).total_seconds() == pytest.approx(60, abs=1)
        clock.at = rest.until
        once(it)
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.shows("README") == "push 4"


def test_whose_gates_are_done_lands_before_the_next_in_line_begins(house):
    """Three pushes: both are late, then each in its turn; after that each is built once more."""
    house.commits({POLICY: policy(2, "{rebuilds: 0, backoff_s: 1}")})
    names = ["H-1", "H-2"]
    for name in names:
        house.wishes(name)
    n = itertools.count(1)

    def push():
        house.commits({"README": f"push {next(n)}\n"})

    both, points = threading.Barrier(2, push, DEADLINE_S), Points()
    for name in names:
        starts, ends = itertools.count(1), itertools.count()
        points.at("gates-end", name)(lambda ends=ends: next(ends) or both.wait())
        points.at("gates-start", name)(lambda starts=starts: next(starts) == 2 and push())
    with house.serves(point=points) as it:
        while rests := once(it).rests.values():
            due = max(rest.until for rest in rests) - datetime.now(UTC)
            it.wake.wait(max(due.total_seconds(), 0))
    assert [house.ended(name) for name in names] == [("PASS", "landed")] * 2
    assert [len(bases(house, name)) for name in names] == [3, 3]


def test_gates_that_have_come_late_already_are_stopped_for_who_went_first(house):
    """They would sleep for ten minutes; the push that makes them late takes the reason away."""
    gate = '{name: suite, run: [sh, -c, "test ! -e slow || sleep 600"], timeout_s: 900}'
    limits = "{rebuilds: 0, backoff_s: 1}"
    house.commits({POLICY: policy(1, limits) + f"gates: [{gate}]\nreconcile_s: 1\n"})
    house.wishes("H-1")
    pushes = iter([{"slow": "yes\n"}, {"slow": None}])

    def pushed():
        for files in itertools.islice(pushes, 1):
            house.commits(files)

    points = Points()
    points.at("gates-end", "H-1")(pushed)
    points.at("gates-start", "H-1")(lambda: (house.path / "slow").exists() and pushed())
    with house.serves(point=points) as it:
        while (standing := once(it)).rests:
            it.wake.wait((standing.rests["H-1"].until - datetime.now(UTC)).total_seconds())
    assert house.ended("H-1") == ("PASS", "landed")
    assert len(bases(house, "H-1")) == 3


def test_what_waits_for_a_moving_target_is_told_by_explain_and_status(house, pawl):
    house.commits({POLICY: policy(1, "{rebuilds: 0, backoff_s: 900}")})
    house.wishes("H-1")
    points, n = Points(), itertools.count(1)
    points.at("gates-end", "H-1")(lambda: house.commits({"README": f"push {next(n)}\n"}))
    house.runs(point=points)
    for command in (["explain", "H-1"], ["status"]):
        assert "the target has moved 2 times" in pawl(house, *command)
    assert "tried again from" in pawl(house, "explain", "H-1")


@pytest.fixture
def pawl():
    """`pawl(house, "status")` is what the command prints, on one line."""

    def run(house, *argv):
        done = subprocess.run(
            [sys.executable, "-m", "daemon", "-C", house.path, *argv],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return " ".join(done.stdout.split())

    return run


class First:
    """Does something the first time."""

    def __init__(self, act):
        self.act, self.left = act, 1

    def __call__(self):
        self.left, now = 0, self.left
        if now:
            self.act()


def test_a_permission_that_is_committed_meanwhile_costs_no_gate_a_second_run(house):
    house.wishes("H-1", done_when=[{"run": ["test", "-s", "H-1.txt"]}])
    points = Points()
    points.at("gates-end", "H-1")(First(lambda: house.commits({"waivers/note.txt": "?\n"})))
    house.runs(point=points)
    assert house.ended("H-1") == ("PASS", "landed")
    first, second = (fact for fact in house.facts("H-1") if fact.kind == "gates-judged")
    assert {record.source for record in first.records} == {"ran"}
    assert {record.source for record in second.records} == {"adopted"}
    assert first.product == second.product
    assert house.facts("H-1")[-1].counts.gates_run == len(first.records)


def test_a_push_of_code_has_every_gate_run_again(house):
    house.wishes("H-1")
    points = Points()
    points.at("gates-end", "H-1")(First(lambda: house.commits({"README": "new\n"})))
    house.runs(point=points)
    judged = [fact for fact in house.facts("H-1") if fact.kind == "gates-judged"]
    assert [{record.source for record in fact.records} for fact in judged] == [{"ran"}, {"ran"}]


def test_what_the_base_broke_and_a_person_mended_is_not_held_against_the_mission(house):
    house.commits({"broken": "yes\n"})
    tests = [{"run": ["sh", "-c", "test ! -e broken && test -s H-1.txt"]}]
    house.wishes("H-1", tests=tests)
    points = Points()
    points.at("gates-end", "H-1")(First(lambda: house.commits({"broken": None})))
    house.runs(point=points)
    assert house.ended("H-1") == ("PASS", "landed")
    assert house.kinds("H-1").count("attempt-started") == 1
    assert "failure-classified" not in house.kinds("H-1")


def test_no_two_open_missions_share_a_write_path_under_load(house):
    house.commits({POLICY: policy(4)})
    scopes = {}
    for n in range(1, 13):
        name, shared = f"H-{n}", f"shared/{n % 3}/**"
        scopes[name] = [f"{name}.txt", shared] if n % 2 else [f"{name}.txt", f"own/{n}"]
        house.wishes(name, write_scope=scopes[name])
    points, seen = Points(), set()
    main = threading.current_thread()

    def look(_name):
        if threading.current_thread() is main:
            found = house.gitdir.glob("refs/pawl/missions/*")
            seen.add(frozenset(one.name for one in found if not one.name.endswith(".lock")))

    points.always.append(look)
    house.runs(point=points)
    assert [house.ended(name) for name in scopes] == [("PASS", "landed")] * 12
    assert max(map(len, seen)) == 4
    for together in seen:
        for one, other in itertools.combinations(sorted(together), 2):
            shared = [(a, b) for a in scopes[one] for b in scopes[other] if fnmatch.fnmatch(a, b)]
            assert not shared, (one, other)


def namespaces(marks):
    """Return the process namespace of each running Python whose code has one of *marks*."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if words[0] == b"python3":
                code = words[2].decode()
                found |= {one: (process / "ns/pid").readlink() for one in marks if one in code}
        except (OSError, IndexError):
            continue  # it ended meanwhile, or is no such process
    return found


def test_missions_at_once_have_a_process_tree_each(house, signs):
    house.commits({POLICY: policy(3)})
    host = next(house.outside.config.glob("host.yaml"))
    host.write_text(host.read_text() + f"mounts: [{signs}]\n")
    names = ["H-1", "H-2", "H-3"]
    wait = f"import os, time\nwhile not os.path.exists({str(signs / 'go')!r}): time.sleep(0.01)\n"
    marks = [f"{name}.txt {signs.name}" for name in names]
    for name, mark in zip(names, marks, strict=True):
        code = f"{wait}# {mark}\nopen('{name}.txt', 'w').write('made')"
        house.wishes(name, command=["python3", "-c", code])
    found = {}

    def watch():
        try:
            until(lambda: len(namespaces(marks)) == 3)
            found.update(namespaces(marks))
        finally:
            (signs / "go").touch()

    watcher = threading.Thread(target=watch)
    watcher.start()
    house.runs()
    watcher.join()
    assert len(set(found.values())) == 3
    assert Path("/proc/self/ns/pid").readlink() not in found.values()


def test_an_attempt_that_a_full_disk_ended_is_recorded_as_that(house):
    house.commits({POLICY: policy(1) + "failures: {resource_exhausted: {backoff_s: 60}}\n"})
    house.wishes("H-1")
    points, clock = Points(), Clock()

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    points.at("builder-end", "H-1")(First(full))
    with house.serves(point=points, clock=clock) as it:
        rest = once(it).rests["H-1"]
        assert rest.reason == "backing_off"
        causes = [f.cause for f in house.facts("H-1") if f.kind == "attempt-interrupted"]
        assert causes == ["resource"]
        clock.at = rest.until
        once(it)
    assert house.ended("H-1") == ("PASS", "landed")
