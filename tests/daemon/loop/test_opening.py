"""Which item is opened, on what was observed, and what is remembered of its past."""

import pytest


def opened(house, mission):
    return house.facts(mission)[0]


def test_a_check_is_run_on_the_targets_tree_and_its_answer_is_recorded(house):
    house.wishes("H-1", ready_when=[{"check": ["grep", "-q", "house", "README"]}])
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")
    (record,) = opened(house, "H-1").conditions
    assert (record.answer, record.tree) == ("holds", house.tip("main~1^{tree}"))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"ready_when": [{"check": ["false"]}]}, "check: false"),
        ({"ready_when": [{"check": ["no-such-tool"]}]}, "check: no-such-tool"),
        ({"not_ready_when": [{"check": ["no-such-tool"]}]}, "check: no-such-tool"),
        ({"ready_when": [{"path_exists": "nowhere"}]}, "path_exists: nowhere"),
        ({"ready_when": [{"path_absent": "README"}]}, "path_absent: README"),
        ({"not_ready_when": [{"path_exists": "README"}]}, "path_exists: README"),
        ({"ready_when": [{"after": "2999-01-01"}]}, "after: 2999-01-01"),
    ],
    ids=["false", "broken", "broken-not", "missing", "there", "not-there", "too-early"],
)
def test_what_is_not_ready_is_not_opened_and_says_what_it_waits_for(house, keys, says):
    house.wishes("H-1", **keys)
    standing = house.runs()
    skip = standing.selection.skipped["H-1"]
    assert skip.reason == "not_ready"
    assert says in skip.why
    assert "refs/pawl" not in house.git("for-each-ref")


def test_a_moved_target_asks_a_check_again(house):
    house.wishes("H-1", ready_when=[{"check": ["test", "-e", "go"]}])
    assert house.runs().selection.skipped["H-1"].reason == "not_ready"
    house.commits({"go": "now\n"})
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


def test_a_blocked_item_stays_closed_until_it_asks_for_something_else(house):
    house.wishes("H-1", command=["false"])
    house.runs()
    ledger = house.tip("pawl/ledger")
    assert house.runs().selection.skipped["H-1"].reason == "closed_unresolved"
    assert house.tip("pawl/ledger") == ledger
    house.wishes("H-1")
    house.runs()
    assert house.ended("H-1@2") == ("PASS", "landed")
    assert opened(house, "H-1@2").previous == "H-1"


def test_the_fact_says_how_many_others_were_passed_over_and_why(house):
    house.wishes("A-1", phase=9)
    house.wishes("B-1", status="blocked")
    house.wishes("H-1")
    house.runs()
    selection = opened(house, "H-1").selection
    assert (selection.rank, selection.counts) == (1, {"phase_cap": 1, "blocked_by_person": 1})
