"""What failed commands print, judged in the sandbox: its class, and no excuse for the asking."""

import sys
from dataclasses import replace

import pytest

from policy.backlog.verification import Verification
from policy.gates.verdict import Broken, Failed
from policy.rules.gates import GateCommand
from policy.signs.signature import Signature
from tests.daemon.gates.judged import BASE, FEATURE, PLAIN, said

CHANGE = {"till.py": FEATURE}
FULL = "import os\nf = open('/dev/full', 'w')\nf.write('x')\nf.close()\n"


def gate(*argv):
    return GateCommand(name="check", run=argv, timeout_s=60)


RUNS = gate(sys.executable, "tool")


def why(judgement):
    verdict = judgement.records[-1].verdict
    assert isinstance(verdict, Failed | Broken)
    return verdict.why


@pytest.mark.parametrize(
    ("base", "now", "says"),
    [
        pytest.param("x = 1\n", "def (:\n", "check failed syntax_error", id="its own"),
        pytest.param("x = 1\n", "print(\nexit(1)", "check failed syntax_error", id="cut"),
        pytest.param(
            "x = 1\n",
            "import nowhere_found\n",
            "check failed test_failure",
            id="a module of its own",
        ),
        pytest.param(
            "import nowhere_found\n",
            "import nowhere_found  # still\n",
            "check broken dependency_error",
            id="a module that is not there without the change",
        ),
        pytest.param("x = 1\n", FULL, "check failed test_failure", id="a full disk of its own"),
        pytest.param(FULL, FULL + "#\n", "check broken environment_error", id="a full disk"),
        pytest.param(
            "x = 1\n",
            "print('API Error: 429 rate limit'); exit(1)\n",
            "check failed test_failure",
            id="a rate limit in a test",
        ),
        pytest.param(
            "exit(1)\n", "import nowhere_found\n", "check failed test_failure", id="red otherwise"
        ),
    ],
)
def test_what_a_gates_command_printed_is_its_class_and_the_base_is_the_witness(
    house, base, now, says
):
    judgement = house.judges(
        {**CHANGE, "tool": now}, base={**BASE, "tool": base}, tests=(PLAIN,), gates=(RUNS,)
    )
    assert said(judgement) == says


def test_the_base_is_asked_anew_and_what_it_printed_is_evidence(house):
    base = {**BASE, "tool": "import nowhere_found\n"}
    judgement = house.judges({**CHANGE, "tool": FULL}, base=base, tests=(PLAIN,), gates=(RUNS,))
    assert said(judgement) == "check failed test_failure"
    assert b"nowhere_found" in judgement.evidence["gates/1/check/base-again/output.txt"]
    assert "No space left on device" in why(judgement)


def test_an_items_own_test_is_not_excused_by_what_it_is_to_make(house):
    test = Verification(run=(sys.executable, "-c", "import made"))
    judgement = house.judges(CHANGE, tests=(test,), gates=())
    assert said(judgement) == "tests failed test_failure"
    assert "looks like dependency_error" in why(judgement)


def test_an_items_own_test_with_a_tool_that_is_not_installed_could_not_say(house):
    test = Verification(run=(sys.executable, "-S", "-m", "pytest"))
    judgement = house.judges(CHANGE, tests=(test,), gates=())
    assert said(judgement) == "tests broken tool_missing"


def test_a_rule_of_the_policys_names_the_failure_of_a_tool_of_ones_own(house):
    case = house.case(
        {**CHANGE, "tool": "print('WRONG: till.py'); exit(3)\n"},
        base={**BASE, "tool": "x = 1\n"}, tests=(PLAIN,), gates=(RUNS,),
    )  # fmt: skip
    assert said(house.hears(case)) == "check failed test_failure"
    rule = Signature(tool="own", line="WRONG: *", failure="lint_error")
    classify = case.policy.classify.model_copy(update={"rules": (rule,)})
    told = replace(case, policy=case.policy.model_copy(update={"classify": classify}))
    assert said(house.hears(told)) == "check failed lint_error"
