"""A fresh clone with `refs/pawl/*` and nobody's trust file tells the same story as the origin."""

import json
import subprocess

import pytest

ASKS = "test_failure: {action: escalate, origin: item}"
RESTS = "build_error: {action: retry, limit: 1, origin: environment, backoff_s: 3600}"


@pytest.fixture
def clone(house, policy, tmp_path):
    """The house with a mission of each kind, and a plain clone of it.

    L-1 landed, B-1 is blocked, W-1 waits for a person, R-1 backs off, D-1 is held by an edited
    file of somebody's.
    """
    policy("selection: {max_agents: 3}", "failures:", f"  {ASKS}", f"  {RESTS}")
    house.wishes("L-1", priority="P0")
    house.wishes("B-1", command=["true"], priority="P0")
    house.wishes("W-1", command=["touch", "W-1.txt"], priority="P0")
    house.wishes("R-1", command=["sh", "-c", "date +%N; exit 4"], priority="P0")
    house.runs()
    house.wishes("D-1")
    (house.path / "README").write_text("mine\n")
    standing = house.runs()
    assert {one: rest.reason for one, rest in standing.rests.items()} == {
        "W-1": "waiting", "R-1": "backing_off", "D-1": "held",
    }  # fmt: skip
    place = tmp_path / "clone"
    for argv in (
        ("clone", "--quiet", house.path, place),
        ("-C", place, "fetch", "--quiet", "origin", "+refs/pawl/*:refs/pawl/*"),
    ):
        subprocess.run(("git", *argv), check=True)
    return place


COMMANDS = [
    *(("show", name) for name in ("L-1", "B-1", "W-1", "R-1", "D-1")),
    *(("results", name) for name in ("L-1", "B-1", "W-1", "R-1", "D-1")),
    *(("diff", name) for name in ("L-1", "W-1", "D-1")),
    ("log",), ("log", "D-1"), ("explain",), ("explain", "W-1"),
]  # fmt: skip


def without_rests(told):
    """Return what `explain` printed without what only the mission's own host knows."""
    for item in told["items"].values():
        item.pop("rests", None)
    return f"{json.dumps(told, indent=2)}\n"


def test_a_clone_tells_the_same_story_and_that_nobody_verified_it(house, clone, pawl):
    for command in COMMANDS:
        here, there = pawl(*command, "--json"), pawl(*command, "--json", at=clone)
        assert (here.code, there.code) == (0, 0), command
        said = here.out if command[0] != "explain" else without_rests(here.json)
        assert said == there.out.replace('"unverified"', '"verified"'), command
    for name in ("L-1", "W-1", "D-1"):
        assert pawl("show", name, "--json", at=clone).json["verified"] == "unverified"
    assert "unverified" in pawl("show", "D-1", at=clone).out
    assert "unverified" in pawl("log", at=clone).err


def test_its_status_is_that_of_the_origin(house, clone, pawl):
    here, there = (pawl("status", "--json", at=at).json for at in (None, clone))
    assert {one["id"] for one in here["missions"]} == {"L-1", "B-1", "W-1", "R-1", "D-1"}
    for key in ("missions", "skipped", "paused"):
        assert here[key] == there[key], key
    assert there["doubt"].startswith("unverified: ")
    assert here["target"]["commit"] == there["target"]["commit"]
    told = pawl("status", at=clone).out
    assert all(name in told for name in ("L-1", "B-1", "W-1", "R-1", "D-1"))


def test_without_the_open_missions_it_tells_of_the_closed_ones(house, clone, pawl):
    for ref in house.git("for-each-ref", "--format=%(refname)", "refs/pawl").split():
        subprocess.run(("git", "-C", clone, "update-ref", "-d", ref), check=True)
    told = pawl("status", "--json", at=clone).json
    assert {one["id"] for one in told["missions"]} == {"L-1", "B-1"}
    missing = pawl("show", "W-1", at=clone)
    assert (missing.code, "refs/pawl/*" in missing.err) == (4, True)


def test_nobody_writes_from_a_clone_without_trust(house, clone, pawl):
    before = subprocess.check_output(("git", "-C", clone, "for-each-ref"))
    assert pawl("once", at=clone).code == 3
    assert pawl("run", at=clone).code == 3
    assert subprocess.check_output(("git", "-C", clone, "for-each-ref")) == before


def test_git_alone_shows_each_checkpoint_of_an_open_mission(house, clone):
    said = ("git", "-C", clone, "log", "--format=%s", "main..origin/pawl/work/D-1")
    assert subprocess.check_output(said, text=True).splitlines() == ["D-1: attempt 1"]
    log = ("git", "-C", clone, "log", "--first-parent", "--format=%s", "refs/pawl/missions/W-1")
    assert "person asked" in subprocess.check_output(log, text=True)
    shown = ("git", "-C", clone, "show", "origin/pawl/ledger^{tree}")
    assert subprocess.check_output(shown)


def test_garbage_on_the_refs_of_a_clone_is_told_as_that(house, clone, pawl):
    """Whoever can push can write there; a reader says so, and tells the rest."""

    def points(ref, content, *argv):
        made = subprocess.run(
            ("git", "-C", clone, *argv), input=content, check=True, capture_output=True
        )
        name = f"refs/pawl/missions/{ref}"
        oid = made.stdout.decode().strip()
        subprocess.run(("git", "-C", clone, "update-ref", name, oid), check=True)

    points("X-1", b"garbage", "hash-object", "-w", "--stdin")
    points("X-2", b"", "commit-tree", "main^{tree}", "-m", "mine")
    points("L-1", b"", "rev-parse", "main")
    told = pawl("status", "--json", at=clone)
    assert told.code == 0
    whys = {one["id"]: one.get("why") for one in told.json["missions"]}
    assert whys["X-1"]
    assert whys["X-2"]
    assert pawl("show", "X-2", at=clone).code == 5
    assert pawl("show", "X-1", at=clone).code == 5
    assert pawl("explain", at=clone).code == 0
    assert [json.loads(line)["mission"] for line in pawl("log", "W-1", "--json", at=clone).out
            .splitlines()]  # fmt: skip
