"""Every benchmark runs in its smallest form, so that none can rot; its numbers mean nothing."""

import json

import pytest

from benchmarks.run import every_goal

ALL = [f"G{number}" for number in range(1, 16)]


def test_there_is_a_benchmark_for_each_of_the_fifteen_goals():
    assert list(every_goal()) == ALL


@pytest.mark.faults  # it installs the peers, of which nothing else in the tests has need
@pytest.mark.parametrize("goals", [ALL[:7], ALL[7:]], ids=["G1-G7", "G8-G15"])
def test_each_goals_benchmark_runs_and_comes_to_a_verdict(goals, measured):
    found = json.loads(measured(goals).read_text())
    assert found["effort"] == "smallest"
    assert [one["goal"] for one in found["goals"]] == goals
    for one in found["goals"]:
        assert one["verdict"] in {"met", "not met"}, one
