"""History that somebody else wrote: the daemon believes its own commits only, and says so."""

import pytest

from gitops import refs
from gitops.objects import Batch
from gitops.signing import DaemonKey, signed_commit

MISSION = "refs/pawl/missions/H-1"


@pytest.fixture
def held(house, policy):
    """A house with H-1 and H-2 open: an edited file held their landings, and is clean again."""
    policy("selection: {max_agents: 2}")
    house.wishes("H-1")
    house.wishes("H-2")
    (house.path / "README").write_text("mine\n")
    assert {rest.reason for rest in house.runs().rests.values()} == {"held"}
    house.git("checkout", "--", "README")
    return house


def unsigned(house, tmp_path):
    tree = house.tip(f"{MISSION}^{{tree}}")
    return house.git("commit-tree", tree, "-p", MISSION, "-m", "H-1: landing started")


def by_another_key(house, tmp_path):
    batch = Batch(house.store)
    raw = signed_commit(
        DaemonKey.generate(tmp_path / "other_key"),
        tree=house.tip(f"{MISSION}^{{tree}}"),
        parents=(house.tip(MISSION),),
        message="H-1: landing started\n",
        at=1_800_000_000,
    )
    commit = batch.commit(raw)
    batch.save()
    return commit


def of_the_target(house, tmp_path):
    return house.tip()


FORGERIES = {
    "unsigned": (unsigned, "not signed"),
    "by another key": (by_another_key, "signed by another key"),
    "of the target": (of_the_target, "not signed"),
}


@pytest.mark.unaudited("somebody else's commit is on a mission's ref")
@pytest.mark.parametrize("how", FORGERIES)
def test_a_foreign_commit_on_a_mission_freezes_it_and_no_other(held, pawl, tmp_path, how):
    forge, said = FORGERIES[how]
    before = held.tip(MISSION)
    forged = forge(held, tmp_path)
    held.git("update-ref", MISSION, forged)
    held.wishes("H-3")
    standing = held.runs()
    assert standing.rests["H-1"].reason == "frozen"
    assert held.ended("H-2") == held.ended("H-3") == ("PASS", "landed")
    assert held.tip(MISSION) == forged
    assert "make H-1.txt" not in held.subjects()
    answer = pawl("once", "--json")
    assert (answer.code, answer.json["missions"][0]["outcome"]) == (9, None)
    assert said in answer.json["missions"][0]["why"]
    assert pawl("show", "H-1").code == 5
    held.git("update-ref", MISSION, before)
    assert pawl("once").code == 0
    assert held.ended("H-1") == ("PASS", "landed")


@pytest.mark.unaudited("a mission's ref is not where it was")
@pytest.mark.parametrize("how", ["deleted", "rewound", "symbolic", "an object that is not there"])
def test_a_mission_that_is_not_where_it_was_freezes_and_no_other(held, pawl, how):
    before = held.tip(MISSION)
    match how:
        case "deleted":
            held.git("update-ref", "-d", MISSION)
        case "rewound":
            held.git("update-ref", MISSION, held.tip(f"{MISSION}~1"))
        case "symbolic":
            held.git("symbolic-ref", MISSION, "refs/heads/main")
        case _:
            (held.gitdir / MISSION).write_text(f"{'1' * 40}\n")
    held.wishes("H-3")
    standing = held.runs()
    assert standing.rests["H-1"].reason == "frozen", standing
    assert MISSION in standing.rests["H-1"].why
    assert held.ended("H-2") == held.ended("H-3") == ("PASS", "landed")
    assert "make H-1.txt" not in held.subjects()
    assert pawl("once").code == 9
    (held.gitdir / MISSION).unlink(missing_ok=True)
    held.git("update-ref", MISSION, before)
    assert pawl("once").code == 0
    assert held.ended("H-1") == ("PASS", "landed")


LOSSES = {
    "rewound": lambda house: house.git("reset", "--hard", "--quiet", "main~1"),
    "forced": lambda house: house.git("commit", "--amend", "--quiet", "-m", "another past"),
    "replaced": lambda house: house.git(
        "update-ref", "refs/heads/main", house.git("commit-tree", "main^{tree}", "-m", "no past")
    ),
    "deleted": lambda house: house.git("update-ref", "-d", "refs/heads/main"),
    "symbolic": lambda house: (
        house.git("branch", "trunk"),
        house.git("symbolic-ref", "refs/heads/main", "refs/heads/trunk"),
    ),
}


@pytest.mark.parametrize("how", LOSSES)
def test_a_target_that_lost_its_past_freezes_everything(held, pawl, how):
    before, ledger = held.tip(MISSION), held.tip("pawl/ledger")
    LOSSES[how](held)
    answer = pawl("once")
    assert answer.code == 9, answer
    assert "frozen: " in answer.out
    assert "refs/heads/main" in answer.out
    assert "make H-1.txt" not in held.git("log", "--all", "--format=%s", "--branches")
    assert held.tip("pawl/ledger") == ledger
    assert held.git("merge-base", "--is-ancestor", before, MISSION) == ""


def test_a_ledger_that_lost_its_past_freezes_everything(held, pawl):
    held.runs()
    assert held.ended("H-1") == ("PASS", "landed")
    was = held.tip("pawl/ledger")
    held.git("update-ref", "refs/heads/pawl/ledger", "pawl/ledger~1")
    held.wishes("H-3")
    answer = pawl("once")
    assert (answer.code, "refs/heads/pawl/ledger" in answer.out) == (9, True)
    assert refs.read(held.store, "refs/pawl/missions/H-3") is None
    held.git("update-ref", "refs/heads/pawl/ledger", was)
    assert pawl("once").code == 0


def test_what_is_frozen_goes_on_once_a_person_has_accepted_the_tip(held, pawl):
    held.git("commit", "--amend", "--quiet", "-m", "another past")
    assert pawl("once").code == 9
    assert pawl("doctor", "--accept-tip", held.tip()).code == 0
    assert pawl("once").code == 0
    assert held.ended("H-1") == ("PASS", "landed")
