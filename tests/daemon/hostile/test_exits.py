"""How `pawl once` ends, for whoever runs it from a script (DESIGN 10)."""

import fcntl

import pytest

FAILS = {"command": ["touch", "H-1.txt"]}
"""The item's test wants more than an empty file."""


@pytest.fixture
def code(pawl):
    return lambda *argv: pawl(*(argv or ("once",))).code


def test_landed_and_nothing_to_do_are_0(house, code):
    assert code() == 0
    house.wishes("H-1")
    assert (code(), code()) == (0, 0)


def test_blocked_is_6_once(house, code):
    house.wishes("H-1", **FAILS)
    assert (code(), code()) == (6, 0)


def test_a_builder_that_is_not_there_is_6(house, code):
    house.wishes("H-1", command=["no-such-program"])
    assert code() == 6


def test_cancelled_is_12_when_it_ends_a_mission(house, code):
    house.wishes("H-1")
    (house.path / "README").write_text("mine\n")
    assert code() == 9
    house.git("checkout", "--", "README")
    house.wishes("H-1", status="cancelled")
    assert (code(), code()) == (12, 0)
    assert house.ended("H-1") == ("CANCELLED", "by_person")


def test_a_question_to_a_person_is_7_as_long_as_it_stands(house, code, policy):
    policy("failures: {test_failure: {action: escalate, origin: item}}")
    house.wishes("H-1", **FAILS)
    house.wishes("H-2")
    assert (code(), code()) == (7, 7)
    assert house.ended("H-2") == ("PASS", "landed")
    house.wishes("H-1", status="cancelled")
    assert code() == 12


def test_a_question_halts_every_opening_if_policy_says_so(house, code, policy):
    policy(
        "selection: {on_escalation: halt}",
        "failures: {test_failure: {action: escalate, origin: item}}",
    )
    house.wishes("H-1", **FAILS)
    house.wishes("H-2")
    standing = house.runs()
    assert (standing.selection.skipped["H-2"].reason, code()) == ("halted", 7)


def test_a_waiver_asked_for_is_8(house, code, policy):
    policy("failures: {test_failure: {action: waiver, origin: item}}")
    house.wishes("H-1", **FAILS)
    assert code() == 8


def test_a_back_off_is_9_and_says_until_when(house, pawl, policy):
    policy("failures: {test_failure: {action: retry, limit: 1, origin: environment, backoff_s: 9}}")
    house.wishes("H-1", **FAILS)
    said = pawl("once", "--json")
    (mission,) = said.json["missions"]
    assert (said.code, mission["outcome"], mission["rests"]) == (9, None, "backing_off")
    assert mission["retry_at"].endswith("Z")


def test_a_held_landing_is_9(house, code):
    house.wishes("H-1")
    (house.path / "README").write_text("mine\n")
    assert (code(), code()) == (9, 9)


def test_a_bad_item_is_3_and_a_bad_policy_is_3(house, code, writes):
    good = (house.path / ".pawl/policy.yaml").read_bytes()
    writes({"backlog/X-1.yaml": b"id: X-1"})
    assert (code(), code("once", "--dry-run")) == (3, 3)
    writes({"backlog/X-1.yaml": None, ".pawl/policy.yaml": good + b"colour: red\n"})
    assert (code(), code("once", "--dry-run"), code("status"), code("explain")) == (3, 3, 3, 3)


def test_a_set_up_that_is_unsound_is_3(house, code):
    house.outside.key.unlink()
    assert code() == 3


def test_somebody_elses_lock_is_75(house, code):
    with (house.outside.state / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert code() == 75


def test_no_such_thing_is_4(house, code, pawl, tmp_path):
    assert code("show", "H-9") == code("results", "H-9") == code("cancel", "H-9") == 4
    assert pawl("once", at=tmp_path).code == 4


def test_a_repository_that_means_something_else_is_5(house, code):
    house.wishes("H-1")
    tip = house.tip()
    house.git("replace", "-f", tip, house.tip("HEAD~1"))
    assert (code(), code("status")) == (5, 5)
    house.git("replace", "-d", tip)
    assert code() == 0


def test_a_question_about_usage_is_2(house, code):
    assert code("once", "--no-such-option") == code("no-such-command") == 2


def test_the_worst_of_several_missions_counts(house, code):
    house.wishes("H-1", **FAILS)
    house.wishes("H-2", command=["python3", "-c", "open('H-2.txt', 'w').write('1')"])
    assert code() == 6
    house.wishes("H-3")
    (house.path / "README").write_text("mine\n")
    house.wishes("H-4", command=["touch", "H-4.txt"])
    assert code() == 9
    assert house.git("for-each-ref", "--format=%(refname)", "refs/pawl/missions").split() == [
        "refs/pawl/missions/H-3"
    ]


def test_an_unreadable_item_is_3_where_it_halts_and_the_missions_own_where_it_is_held(
    house, writes, policy, pawl
):
    writes({"backlog/X-1.yaml": b"id: [\n"})
    house.wishes("G-1")
    assert pawl("once").code == 3
    policy("selection: {on_invalid: hold}")
    said = pawl("once", "--json")
    assert (said.code, said.json["skipped"]["X-1"]) == (0, "invalid")
    assert house.ended("G-1") == ("PASS", "landed")
