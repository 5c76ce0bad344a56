"""A person commits to the target at every point: it is never lost, and never untested-with.

That a landing's parent is the commit it was tested on is what the audit after each test says.
"""

import subprocess
from itertools import cycle

import pytest

from tests.daemon.faults.conftest import Points
from tests.daemon.faults.lives import ALONE, BY_NAME, distinct, every

NOTE = "note.txt"


class Committer:
    """Works in the checkout of the target that the daemon brings along."""

    def __init__(self, house):
        self.house = house
        self.done = False

    def __call__(self):
        """Commit; git says no while a landing is under way, and the person tries again later."""
        (self.house.path / NOTE).write_text("mine\n")
        self.done = self._git("add", NOTE) and self._git("commit", "--quiet", "-m", "mine")

    def _git(self, *argv):
        return subprocess.run(["git", *argv], cwd=self.house.path, check=False).returncode == 0


class Pusher:
    """Pushes from a clone to a target that nobody has checked out."""

    def __init__(self, house):
        house.git("switch", "--quiet", "--detach")
        self.clone = house.path.parent / "clone"
        house.git("clone", "--quiet", "--branch", "main", ".", str(self.clone))
        self.done = False

    def __call__(self):
        git = ["git", "-C", str(self.clone)]
        if not (self.clone / NOTE).exists():
            (self.clone / NOTE).write_text("mine\n")
            subprocess.run([*git, "add", NOTE], check=True)
            subprocess.run([*git, "commit", "--quiet", "-m", "mine"], check=True)
        subprocess.run([*git, "pull", "--quiet", "--rebase"], check=True)
        done = subprocess.run([*git, "push", "--quiet"], check=False)
        self.done = done.returncode == 0


WAYS = {"checkout": Committer, "push": Pusher}
LANDED = BY_NAME["landed"]
QUICK = [(*case, way) for case, way in zip(distinct([ALONE]), cycle(WAYS))]
LONG = [(*case, way) for case in every([LANDED]) for way in WAYS if (*case, way) not in QUICK]


def cases(rows):
    return [pytest.param(*row, id=f"{row[1]}-{row[2]}") for row in rows]


@pytest.mark.parametrize(("life", "place", "way"), cases(QUICK))
def test_a_persons_commit_at_any_point_is_kept_and_tested_with(alive, life, place, way):
    house = alive(life)
    person = WAYS[way](house)
    house.runs(point=Points(house, place, person))
    if not person.done:
        person()
    house.runs()
    assert person.done
    house.is_sound()
    house.is_told()
    assert house.subjects().count("mine") == 1
    assert house.shows(NOTE) == "mine"
    assert {path: oid for path, oid in house.files().items() if path != NOTE} == house.whole.files


@pytest.mark.faults
@pytest.mark.parametrize(("life", "place", "way"), cases(LONG))
def test_a_persons_commit_is_kept_each_time_a_point_is_passed(alive, life, place, way):
    test_a_persons_commit_at_any_point_is_kept_and_tested_with(alive, life, place, way)
