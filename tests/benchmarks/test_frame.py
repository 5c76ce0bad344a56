"""Ratios, quartiles and verdicts, on numbers anybody can check by hand."""

import json

import pytest

from benchmarks.frame.goal import AtLeast, AtMost, CannotRun, Goal, Line, Measured, verdict
from benchmarks.frame.pairs import Pairs, interleave, p95, quartiles
from benchmarks.frame.report import Outcome, as_object, summary, told


def line(value, target):
    return Line("a number", value, target, "of nothing")


def test_the_ratio_is_of_the_medians_and_not_of_the_means():
    pairs = Pairs(ours=(1.0, 1.0, 100.0), theirs=(3.0, 3.0, 3.0))
    assert pairs.faster == 3.0
    assert pairs.growth == pytest.approx(1 / 3)


def test_both_sides_run_in_turn_and_who_is_first_alternates():
    order = []

    def side(name, took):
        def run():
            order.append(name)
            return took

        return run

    pairs = interleave(side("ours", 1.0), side("theirs", 2.0), 3, warm=1)
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert pairs == Pairs((1.0, 1.0, 1.0), (2.0, 2.0, 2.0))


def test_rounds_that_warm_up_do_not_count():
    took = iter((50.0, 1.0))
    assert interleave(lambda: next(took), lambda: 1.0, 1, warm=1).ours == (1.0,)


def test_quartiles_of_one_value_are_that_value():
    assert quartiles([7.0]) == (7.0, 7.0)
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 4.0)


def test_p95_is_a_value_that_was_measured():
    assert p95([float(n) for n in range(1, 101)]) == 95.0
    assert p95([3.0]) == 3.0
    assert p95([1.0, 2.0]) == 2.0


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [
        (1.2, AtLeast(1.2), True),
        (1.19, AtLeast(1.2), False),
        (5.0, AtMost(5, "ms"), True),
        (5.01, AtMost(5, "ms"), False),
        (float("nan"), AtLeast(1.2), False),
        (float("nan"), AtMost(1.2), False),
    ],
)
def test_a_target_is_inclusive_and_what_is_no_number_misses_it(value, target, met):
    assert line(value, target).met is met


def test_a_goal_is_met_only_if_each_of_its_lines_is():
    good, bad = line(2.0, AtLeast(1)), line(0.5, AtLeast(1))
    assert verdict(Measured((good, good))) == "met"
    assert verdict(Measured((good, bad))) == "not met"


def test_a_goal_without_any_number_is_not_met():
    assert verdict(Measured(())) == "not met"


def test_what_cannot_run_is_neither_met_nor_missed_and_says_why():
    goal = Goal("G99", "a goal", lambda _bench: CannotRun("no such disk"))
    outcome = Outcome(goal, CannotRun("no such disk"), 1.0)
    assert "CANNOT RUN HERE" in told(outcome)
    assert "no such disk" in told(outcome)
    assert summary([outcome]).endswith("1 cannot run here")


def test_the_result_for_machines_says_what_the_one_for_people_does():
    goal = Goal("G99", "a goal", lambda _bench: CannotRun(""))
    outcome = Outcome(goal, Measured((line(2.5, AtLeast(1.5)),)), 1.0)
    found = json.loads(json.dumps(as_object([outcome], {"cores": "2"}, "a disk", "full")))
    assert found["goals"][0]["verdict"] == "met"
    assert found["goals"][0]["lines"][0]["value"] == 2.5
    assert found["goals"][0]["lines"][0]["target"] == ">= 1.5 x"
