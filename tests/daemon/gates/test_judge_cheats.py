"""The gates at work on small repositories: mistakes, and the cheats we know of."""

import pytest

from policy.backlog.verification import Verification
from tests.daemon.gates.judged import BASE, FEATURE, HONEST, NEW_TEST, PLAIN, PYTEST, SUITE, said


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param(
            {"setup.py": "x", "till.py": FEATURE}, "scope failed scope_violation", id="scope"
        ),
        pytest.param(
            {"till.py": "key = 'AKIA" + "IOSFODNN7EXAMPLE'\n"}, "secrets failed secret_found",
            id="a secret",
        ),
        pytest.param(
            {"tests/l": ("120000", "../../etc")}, "tree failed validation_error", id="a link"
        ),
        pytest.param(
            {"tests/l": ("120000", "../.pawl")}, "protected failed protected_path",
            id="a link to policy",
        ),
        pytest.param(
            {"tests/TEST_OLD.py": ""}, "tree failed validation_error", id="a twin of a file"
        ),
        pytest.param({}, "tree failed no_changes", id="no change"),
    ],
)  # fmt: skip
def test_what_the_diff_alone_shows_bars_before_any_process(house, changed, says):
    judgement = house.judges(changed)
    assert said(judgement) == says
    assert not [path for path in judgement.evidence if path.endswith("run.json")]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param(
            {**HONEST, "till.py": "import os\nos._exit(0)\n"}, "tests failed report_missing",
            id="a process that exits 0 as soon as it is imported",
        ),
        pytest.param(
            {**HONEST, "tests/conftest.py": "collect_ignore = ['test_old.py']\n"},
            "suite failed test_tampering", id="a conftest that ignores a test file",
        ),
        pytest.param(
            {**HONEST, "tests/conftest.py": (
                "import pytest\n"
                "def pytest_collection_modifyitems(items):\n"
                "    for item in items:\n"
                "        if 'old' in item.nodeid:\n"
                "            item.add_marker(pytest.mark.skip)\n"
            )},
            "suite failed test_tampering", id="a conftest that skips tests",
        ),
        pytest.param(
            {**HONEST, "tests/test_old.py": None}, "suite failed test_tampering",
            id="a test file deleted",
        ),
        pytest.param(
            {**HONEST, "till.py": FEATURE.replace("sum(prices)", "3"), "tests/test_old.py": (
                "def test_sum():\n    pass\n\ndef test_none():\n    pass\n"
            )},
            "suite failed test_tampering", id="tests weakened and named as before",
        ),
        pytest.param(
            {**HONEST, "till.py": FEATURE.replace("sum(prices)", "3")},
            "suite failed regression", id="something else broken",
        ),
        pytest.param(
            {"till.py": FEATURE, "tests/test_new.py": "def test_two():\n    pass\n"},
            "red_first failed test_not_red", id="a new test that proves nothing",
        ),
        pytest.param(
            {"till.py": FEATURE, "tests/test_new.py": NEW_TEST + "\ndef test_more(): pass\n"},
            "red_first failed test_not_red", id="one of two new tests that proves nothing",
        ),
        pytest.param(
            {"till.py": BASE["till.py"] + "\n", "tests/test_new.py": NEW_TEST},
            "tests failed test_failure", id="a new test that does not hold",
        ),
    ],
)  # fmt: skip
def test_a_cheat_or_a_mistake_bars(house, changed, says):
    assert said(house.judges(changed)) == says


def test_tests_weakened_under_their_own_names_do_not_hold_with_those_of_the_base(house):
    weak = "def test_sum():\n    pass\n\ndef test_none():\n    pass\n"
    broken = FEATURE.replace("sum(prices)", "3")
    judgement = house.judges({"till.py": broken, "tests/test_old.py": weak}, tests=(PLAIN,))
    assert said(judgement) == "suite failed test_tampering"
    assert judgement.records[-1].new == ("tests.test_old::test_none",)
    only = SUITE.model_copy(update={"tests_from": "base"})
    judgement = house.judges(
        {"till.py": broken, "tests/test_old.py": weak}, tests=(PLAIN,), gates=(only,)
    )
    assert said(judgement) == "suite failed regression"


def test_a_test_that_must_be_reported_and_is_taken_away_is_tampering(house):
    less = BASE["tests/test_old.py"].partition("\n\ndef test_none")[0]
    asked = Verification(run=PYTEST, report="junit", must_report=("tests/test_old.py::test_none",))
    judgement = house.judges(
        {"till.py": FEATURE, "tests/test_old.py": less}, tests=(PLAIN, asked), gates=()
    )
    assert said(judgement) == "tests failed test_tampering"


RED_BEFORE = {
    **BASE,
    "tests/test_due.py": "import till\n\ndef test_two():\n    assert till.two() == 2\n",
}
WRONG = FEATURE.replace("return 2", "return 3")


@pytest.mark.parametrize(
    "weaker",
    ["import till\n\ndef test_two():\n    assert till.two() == 3\n", "", None],
    ids=["edited-to-match", "emptied", "deleted"],
)
def test_a_red_test_is_not_made_to_hold_by_changing_what_it_says(house, weaker):
    assert WRONG != FEATURE
    changed = {"till.py": WRONG, "tests/test_due.py": weaker}
    judgement = house.judges(changed, base=RED_BEFORE, tests=(PLAIN,))
    assert said(judgement) == "suite failed test_tampering"
    assert judgement.records[-1].new == ("tests.test_due::test_two",)


def test_a_red_test_that_the_change_makes_hold_may_get_others_beside_it(house):
    more = RED_BEFORE["tests/test_due.py"] + "\ndef test_twice():\n    assert till.two() * 2 == 4\n"
    changed = {"till.py": FEATURE, "tests/test_due.py": more}
    judgement = house.judges(changed, base=RED_BEFORE, tests=(PLAIN,))
    assert said(judgement) == "suite passed"
