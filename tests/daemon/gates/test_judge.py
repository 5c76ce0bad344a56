"""The gates at work on small repositories: honest changes, and the cheats we know of."""

import sys
from dataclasses import replace
from threading import Event

import pytest

from daemon.gates.base_records import BaseRecords
from daemon.gates.case import Case, Judgement
from daemon.gates.judge import judge
from policy.backlog.item import BacklogItem
from policy.backlog.verification import Verification
from policy.change import Entry, Stat, Version, change_of
from policy.gates.run import Interrupted
from policy.gates.verdict import Broken, Failed, Passed
from policy.mission.facts import Candidate
from policy.rules.load import shipped_policy
from policy.rules.model import GateCommand

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", "{report}")
SUITE = GateCommand(
    name="suite", run=PYTEST, report="junit", min_tests=1, baseline=True, tests_from="both",
    timeout_s=60,
)  # fmt: skip
NEW = Verification(run=(*PYTEST, "tests/test_new.py"), report="junit", timeout_s=60)
PLAIN = Verification(run=("grep", "-q", "two", "till.py"))

BASE = {
    "till.py": "def total(prices):\n    return sum(prices)\n",
    "conftest.py": "",
    "tests/test_old.py": (
        "from till import total\n\n"
        "def test_sum():\n    assert total([1, 2]) == 3\n\n"
        "def test_none():\n    assert total([]) == 0\n"
    ),
}
FEATURE = BASE["till.py"] + "\ndef two():\n    return 2\n"
NEW_TEST = "import till\n\ndef test_two():\n    assert till.two() == 2\n"
HONEST = {"till.py": FEATURE, "tests/test_new.py": NEW_TEST}


class House:
    """`house.judges(changed)`: judge the base with *changed* files laid over (None: deleted)."""

    def __init__(self, trees, store, door, state):
        self.trees, self.store, self.door = trees, store, door
        self.records = BaseRecords(state)
        self.stop = Event()

    def case(self, changed, *, tests=(NEW,), gates=(SUITE,), base=BASE, **wish):
        files = {name: text for name, text in {**base, **changed}.items() if text is not None}
        before, after = self.trees.write(base), self.trees.write(files)
        entries = tuple(
            Entry(path=path, old=self._side(base.get(path)), new=self._side(text))
            for path, text in changed.items()
        )
        self.trees.batch.save()
        item = {
            "id": "H-1", "title": "t", "priority": "P0", "contract": "c", "acceptance": ("a",),
            "write_scope": ("till.py", "tool", "tests/**"), "tests": tests, **wish,
        }  # fmt: skip
        return Case(
            mission="H-1",
            n=1,
            item=BacklogItem(**item),
            policy=shipped_policy().policy.model_copy(update={"gates": gates}),
            candidate=Candidate(
                commit="c" * 40, base="b" * 40, tree=after, product=after,
                change=change_of(entries),
            ),
            base=before,
            entries=entries,
            stat=Stat(files=len(entries), lines=10, binary_files=0),
            environment="e" * 64,
        )  # fmt: skip

    def judges(self, changed, **wish):
        return self.hears(self.case(changed, **wish))

    def hears(self, case):
        judged = judge(case, door=self.door, store=self.store, records=self.records, stop=self.stop)
        assert isinstance(judged, Judgement | Interrupted)
        return judged

    def _side(self, written):
        if written is None:
            return None
        mode, text = written if isinstance(written, tuple) else ("100644", written)
        return Version(mode=mode, oid=self.trees.batch.blob(text.encode()))


@pytest.fixture
def house(trees, store, door, tmp_path):
    return House(trees, store, door, tmp_path / "base-records")


def said(judgement):
    """The last record as a sentence: the gate, and what it said."""
    last = judgement.records[-1]
    assert all(record.verdict == Passed() for record in judgement.records[:-1])
    match last.verdict:
        case Passed():
            return f"{last.gate} passed"
        case Failed(failure=failure):
            return f"{last.gate} failed {failure.value}"
        case Broken(failure=failure):
            return f"{last.gate} broken {failure.value}"


def test_an_honest_change_passes_every_gate_and_leaves_evidence(house):
    judgement = house.judges(HONEST)
    assert said(judgement) == "suite passed"
    assert [record.gate for record in judgement.records] == [
        "scope", "protected", "limits", "secrets", "tree", "red_first", "tests", "suite",
    ]  # fmt: skip
    suite = judgement.records[-1]
    assert (suite.counts.ran, suite.counts.passed) == (3, 3)
    assert {record.report for record in judgement.records} <= {"", *judgement.evidence}
    assert judgement.evidence["gates/1/secrets/findings.json"] == b"[]"
    for path in (
        "red_first/1/base/run.json",
        "red_first/1/new-tests/report.xml",
        "tests/1/output.txt",
        "suite/report.xml",
        "suite/base/record.json",
        "suite/base-tests/report.xml",
    ):
        assert f"gates/1/{path}" in judgement.evidence


def test_a_base_is_run_once_and_its_record_is_in_every_judgement(house):
    gate = SUITE.model_copy(update={"tests_from": "candidate"})
    case = house.case({"till.py": FEATURE}, tests=(PLAIN,), gates=(gate,))
    first, second = house.hears(case), house.hears(case)
    assert said(second) == "suite passed"
    record = "gates/1/suite/base/record.json"
    assert first.evidence[record] == second.evidence[record]
    assert "gates/1/suite/base/run.json" in first.evidence
    assert "gates/1/suite/base/run.json" not in second.evidence
    elsewhere = house.hears(replace(case, environment="f" * 64))
    assert "gates/1/suite/base/run.json" in elsewhere.evidence


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


def test_known_failures_of_the_base_do_not_bar(house):
    base = {**BASE, "tests/test_red.py": "def test_red():\n    assert 0\n"}
    judgement = house.judges(HONEST, base=base)
    assert said(judgement) == "suite passed"
    assert judgement.records[-1].known == ("tests.test_red::test_red",)


def test_the_first_tests_of_a_repository_are_not_tampering(house):
    judgement = house.judges(HONEST, base={"till.py": BASE["till.py"], "conftest.py": ""})
    assert said(judgement) == "suite passed"


def test_tests_that_hold_before_are_already_green(house):
    held = Verification(run=("grep", "-q", "total", "till.py"))
    assert said(house.judges({"till.py": FEATURE}, tests=(held,), gates=())) == (
        "red_first failed already_green"
    )
    refactoring = {"expect_base": "pass", "expect_base_reason": "a refactoring"}
    judgement = house.judges({"till.py": FEATURE}, tests=(held,), gates=(), **refactoring)
    assert said(judgement) == "tests passed"


def test_a_program_the_change_brings_is_red_before_and_runs_after(house):
    tool = Verification(run=("./tool",))
    judgement = house.judges({"tool": ("100755", "#!/bin/sh\nexit 0\n")}, tests=(tool,), gates=())
    assert said(judgement) == "tests passed"


def test_what_is_not_blocking_bars_nothing_and_is_recorded(house):
    beside = Verification(run=("grep", "-q", "three", "till.py"), blocking=False)
    judgement = house.judges({"till.py": FEATURE}, tests=(beside, PLAIN), gates=())
    assert said(judgement) == "tests passed"
    assert "gates/1/tests/1/run.json" in judgement.evidence


def test_a_done_signal_is_asked_after_the_tests(house):
    done = Verification(run=("grep", "-q", "three", "till.py"))
    judgement = house.judges({"till.py": FEATURE}, tests=(PLAIN,), done_when=(done,), gates=())
    assert said(judgement) == "done failed test_failure"


def test_a_gate_whose_tool_is_missing_or_that_takes_too_long_is_broken(house):
    missing = GateCommand(name="lint", run=("no-such-linter",), timeout_s=9)
    judgement = house.judges({"till.py": FEATURE}, tests=(PLAIN,), gates=(missing,))
    assert said(judgement) == "lint broken tool_missing"
    slow = GateCommand(name="lint", run=("sleep", "60"), timeout_s=1)
    judgement = house.judges({"till.py": FEATURE}, tests=(PLAIN,), gates=(slow,))
    assert said(judgement) == "lint broken test_timeout"


def test_gates_leave_nothing_in_the_tree_for_the_next(house):
    writes = GateCommand(
        name="writes", run=("sh", "-c", "echo x > left && ! test -e more"), timeout_s=9
    )
    looks = GateCommand(name="looks", run=("sh", "-c", "! test -e left"), timeout_s=9)
    judgement = house.judges({"till.py": FEATURE}, tests=(PLAIN,), gates=(writes, looks))
    assert said(judgement) == "looks passed"


@pytest.mark.parametrize(
    ("signal", "says"),
    [
        pytest.param("SEGV", "lint failed test_failure", id="a crash"),
        pytest.param("KILL", "lint broken resource_exhausted", id="a kill"),
    ],
)
def test_a_signal_is_never_a_pass(house, signal, says):
    program = f"import os, signal; os.kill(os.getpid(), signal.SIG{signal})"
    dies = GateCommand(name="lint", run=("python3", "-c", program), timeout_s=30)
    judgement = house.judges({"till.py": FEATURE}, tests=(PLAIN,), gates=(dies,))
    assert said(judgement) == says


class StopsWhileRunning:
    """The real door, and a daemon that is told to stop when the gate *at* is about to run."""

    def __init__(self, door, at):
        self.door, self.at = door, at

    def launch(self, operation, *, stop):
        if operation.argv == self.at.run:
            stop.set()
        return self.door.launch(operation, stop=stop)


def test_a_daemon_that_stops_while_a_gate_runs_has_no_judgement(house):
    slow = GateCommand(name="slow", run=("sleep", "60"), timeout_s=60)
    house.door = StopsWhileRunning(house.door, at=slow)
    changed = {"till.py": FEATURE}
    assert house.judges(changed, tests=(PLAIN,), gates=(slow,)) == Interrupted()


def test_a_daemon_that_stops_has_no_judgement(house):
    house.stop.set()
    assert house.judges(HONEST) == Interrupted()


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
