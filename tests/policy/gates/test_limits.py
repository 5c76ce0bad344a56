import pytest

from policy.change import Stat
from policy.gates.limits import judge_limits
from policy.gates.verdict import Failed, Passed
from policy.rules.budgets import MissionBudget
from policy.rules.failures import FailureClass

BUDGET = MissionBudget(
    attempts=1,
    iterations=1,
    tokens=None,
    cost=7,
    active_minutes=1,
    changed_lines=10,
    changed_files=2,
)


@pytest.mark.parametrize(
    ("files", "lines", "verdict"), [(2, 10, Passed), (3, 1, Failed), (1, 11, Failed)]
)
def test_limits_are_inclusive(files: int, lines: int, verdict: type) -> None:
    stat = Stat(files=files, lines=lines, binary_files=0)
    found = judge_limits(stat, (), expected=(), budget=BUDGET)
    assert isinstance(found.verdict, verdict)


def test_a_binary_file_is_over_the_limit_unless_the_item_names_it() -> None:
    stat = Stat(files=1, lines=0, binary_files=1)
    found = judge_limits(stat, ["logo.png"], expected=(), budget=BUDGET)
    assert isinstance(found.verdict, Failed)
    assert found.verdict.failure is FailureClass.DIFF_LIMIT
    assert found.new == ("logo.png",)
    expected = judge_limits(stat, ["logo.png"], expected=["logo.png"], budget=BUDGET)
    assert expected.verdict == Passed()
