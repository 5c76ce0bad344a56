"""Many missions at once, while people push and the daemon is killed, again and again.

Whatever the weather: every mission ends as it does on a quiet day, lands once or not at all, what
people pushed stays, and the target is green at every commit.
"""

import os
import random
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.daemon.conftest import House, python

SUITE = """
import pathlib, sys
bad = [part for part in pathlib.Path("parts").glob("*") if part.read_text() != "made\\n"]
sys.exit(f"not as it must be: {bad}" if bad else 0)
"""
POLICY = """schema: 1
extends: default-1
repo_name: house
selection: {max_agents: 4, interruptions: 1000}
reconcile_s: 1
gates:
- {name: suite, run: [python3, suite.py], timeout_s: 60}
"""


def writes(path: str, content: str) -> list[str]:
    return python(f"open({path!r}, 'w').write({content!r})")


BUILDERS = {
    "right": lambda own: writes(own, "made\n"),
    "wrong": lambda own: writes(own, "made badly\n"),
    "idle": lambda _: ["true"],
    "failing": lambda _: ["false"],
    "trespassing": lambda own: writes(f"{own}.other", "made\n"),
}
KINDS = ("right", "wrong", "right", "idle", "right", "trespassing", "right", "failing", "right")


def _is_ready(link: socket.socket) -> bool:
    try:
        return "READY=1" in link.recv(4096).decode()
    except TimeoutError:
        return False


class Town:
    """A served repository whose target nobody has checked out, and a clone to push from."""

    def __init__(self, house: House, missions: int) -> None:
        self.house = house
        self.clone = House(house.path.with_name("clone"))
        self.log = house.path.with_name("daemon.log")
        self.items = [f"W-{n}" for n in range(missions)]
        self.pushed: list[str] = []
        house.commits({"suite.py": SUITE, ".pawl/policy.yaml": POLICY, "parts/0": "made\n"})
        for number, item in enumerate(self.items):
            own = f"parts/{item}"
            house.wishes(
                item,
                write_scope=[own],
                tests=[{"run": ["test", "-s", own]}],
                command=BUILDERS[KINDS[number % len(KINDS)]](own),
            )
        house.git("switch", "--quiet", "--detach")
        house.git("clone", "--quiet", "--branch", "main", str(house.path), str(self.clone.path))

    def outcomes(self) -> dict[str, tuple[str, str]]:
        return {item: self.house.ended(item) for item in self.items}

    def is_over(self) -> bool:
        open_refs = self.house.git("for-each-ref", "refs/pawl/missions")
        closed = self.house.git("log", "--first-parent", "--format=%s", "pawl/ledger")
        return not open_refs and all(f"{item}: " in closed for item in self.items)

    def wait_for_moves(self, count: int, over: threading.Event) -> None:
        """Return when the refs were seen to differ *count* times, or when all is over."""
        seen = self.house.git("for-each-ref")
        while count and not over.wait(0.05) and not self.is_over():
            now = self.house.git("for-each-ref")
            count -= now != seen
            seen = now

    def push(self, number: int) -> None:
        """Commit on top of whatever is there, and push, however often another was first."""
        self.clone.git("pull", "--quiet", "--rebase")
        self.clone.commits({f"notes/{number}": f"{number}\n"}, f"note {number}")
        while not self._pushes():
            self.clone.git("pull", "--quiet", "--rebase")
        self.pushed.append(f"note {number}")

    def _pushes(self) -> bool:
        argv = ["git", "push", "--quiet", "origin", "HEAD:main"]
        return (
            subprocess.run(argv, cwd=self.clone.path, capture_output=True, check=False).returncode
            == 0
        )

    @contextmanager
    def serves(self) -> Iterator[subprocess.Popen]:
        """Run the daemon, from when it is ready until it is killed."""
        name = str(self.house.path.with_name("notify"))
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link,
            self.log.open("a") as log,
        ):
            link.bind(name)
            link.settimeout(1)
            env = {**os.environ, "NOTIFY_SOCKET": name}
            daemon = self.house.starts("run", stderr=log, env=env)
            try:
                while not _is_ready(link):
                    assert daemon.poll() is None, self.log.read_text()[-2000:]
                Path(name).unlink()  # nobody reads on
                yield daemon
                assert daemon.poll() is None, self.log.read_text()[-2000:]
            finally:
                daemon.kill()
                daemon.wait()
                Path(name).unlink(missing_ok=True)

    def is_green_everywhere(self) -> bool:
        commits = self.house.git("log", "--first-parent", "--format=%H", "main", "--", "parts")
        return all(map(self._is_green, commits.split()))

    def _is_green(self, commit: str) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            tar = subprocess.run(
                ["git", "archive", commit, "parts"],
                cwd=self.house.path,
                capture_output=True,
                check=True,
            ).stdout
            subprocess.run(["tar", "x", "-C", folder], input=tar, check=True)
            return all(part.read_text() == "made\n" for part in Path(folder, "parts").glob("*"))


@pytest.fixture
def town(house):
    return lambda missions: Town(house, missions)


QUIET_DAY = {
    "right": ("PASS", "landed"),
    "wrong": ("BLOCKED", "tests_failed"),
    "idle": ("BLOCKED", "no_changes"),
    "failing": ("BLOCKED", "builder_failed"),
    "trespassing": ("BLOCKED", "scope_violation"),
}
"""What the kinds of missions come to when nothing disturbs them."""


def storm(town: Town, chance: random.Random) -> int:
    """Kill the daemon and push until every mission is over; return how often it was killed.

    Both come after so many moves of refs, and a random while later: on a slow machine as on a fast
    one, something is done between two kills.
    """
    over = threading.Event()

    def people() -> None:
        number = 0
        while not over.is_set():
            town.push(number)
            number += 1
            town.wait_for_moves(chance.randint(4, 12), over)

    pusher = threading.Thread(target=people)
    pusher.start()
    kills = 0
    try:
        while not town.is_over():
            with town.serves():
                town.wait_for_moves(chance.randint(1, 12), over)
                over.wait(chance.uniform(0, 0.3))
            kills += 1
    finally:
        over.set()
        pusher.join()
    return kills


def stands(town: Town) -> None:
    expected = {item: QUIET_DAY[KINDS[n % len(KINDS)]] for n, item in enumerate(town.items)}
    assert town.outcomes() == expected
    subjects = town.house.subjects()
    landed = [f"make {item}.txt" for item, ended in expected.items() if ended[0] == "PASS"]
    assert sorted(one for one in subjects if one.startswith("make ")) == sorted(landed)
    assert sorted(one for one in subjects if one.startswith("note ")) == sorted(town.pushed)
    assert town.is_green_everywhere()


def test_missions_in_bad_weather_end_as_on_a_quiet_day(town):
    here = town(6)
    assert storm(here, random.Random(5)) > 0
    stands(here)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(3))
def test_twenty_missions_in_a_storm_end_as_on_a_quiet_day(town, seed):
    here = town(20)
    assert storm(here, random.Random(seed)) > 5
    stands(here)
