"""The gates at work on small repositories: honest changes, and what each gate is for."""

from dataclasses import replace

import pytest

from policy.backlog.verification import Verification
from policy.gates.run import Interrupted
from policy.rules.gates import GateCommand
from tests.daemon.gates.judged import BASE, FEATURE, HONEST, PLAIN, SUITE, said


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
