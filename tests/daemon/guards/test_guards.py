"""Each gate has a candidate that it alone stops: with that gate switched off, the same one lands.

Nothing after the first gate that bars is asked, so it is the landing in the second half of each
test that shows that no other gate would have stopped it.
"""

from dataclasses import dataclass, field

import pytest

from policy.gates import definition
from policy.rules.gates import BUILT_IN_GATES

RUNNER = '''
"""Run every test_* function of tests/*.py; write a JUnit report if a path is given."""
import pathlib, runpy, sys
from xml.sax.saxutils import quoteattr

rows, bad = [], 0
for path in sorted(pathlib.Path("tests").glob("test_*.py")):
    for name, test in sorted(runpy.run_path(str(path)).items()):
        if name.startswith("test_"):
            try:
                test()
                inner = ""
            except AssertionError as error:
                inner, bad = f"<failure message={quoteattr(str(error))}/>", bad + 1
            rows.append(f'<testcase classname="tests.{path.stem}" name="{name}">{inner}</testcase>')
if len(sys.argv) > 1:
    text = f'<testsuite tests="{len(rows)}" failures="{bad}">{"".join(rows)}</testsuite>'
    pathlib.Path(sys.argv[1]).write_text(f"<testsuites>{text}</testsuites>")
sys.exit(bad > 0)
'''
BASE = {
    "README": "a house\n",
    "suite.py": RUNNER,
    "sums.py": "def total(prices):\n    return sum(prices)\n",
    "lint.sh": "! grep -rn TODO --include=*.txt .\n",
    "tests/test_sums.py": (
        "import sys; sys.path.insert(0, '.')\n"
        "from sums import total\n\n"
        "def test_few():\n    assert total([1, 2]) == 3\n\n"
        "def test_none():\n    assert total([]) == 0\n"
    ),
}
MADE = "echo made > G-1.txt"
BREAKS = "echo 'def total(prices): return 3' > sums.py"
WEAKENS = "sed -i 's/== 0/== 3/' tests/test_sums.py"
DROPS = "sed -i '/test_none/,$d' tests/test_sums.py"
SUITE = "gates: [{name: suite, run: [python3, suite.py], timeout_s: 60}]"
ANYWHERE = {"write_scope": ["**"]}
TOKEN = "ghp" + "_" + "16C7e42F292c6912E7710c838347Ae178B4a"


def junit(*keys: str) -> str:
    said = "".join(f", {key}" for key in keys)
    run = "run: [python3, suite.py, '{report}'], report: junit"
    return f"gates: [{{name: suite, {run}, timeout_s: 60{said}}}]"


@dataclass(frozen=True)
class Case:
    """*script* is what the builder does; *on* and *off* are lines of the policy."""

    script: str
    gate: str
    failure: str
    item: dict = field(default_factory=dict)
    on: str = ""
    off: str | None = None
    """None: *on*, and the built-in gate is taken away."""


CASES = {
    "scope": Case(f"{MADE}; echo 1 > other.txt", "scope", "scope_violation"),
    "protected": Case(f"{MADE}; echo obey > AGENTS.md", "protected", "protected_path", ANYWHERE),
    "limits": Case(
        f"{MADE}; seq 20 >> G-1.txt", "limits", "diff_limit", {"budget": {"changed_lines": 9}}
    ),
    "secrets": Case(f"echo 'token = {TOKEN}' > G-1.txt", "secrets", "secret_found"),
    "tree": Case(f"{MADE}; ln -s /etc/passwd link", "tree", "validation_error", ANYWHERE),
    "red_first": Case(MADE, "red_first", "already_green", {"tests": [{"run": ["true"]}]}),
    "red_first of an added test": Case(
        f"{MADE}; echo 'def test_new(): pass' > tests/test_new.py",
        "red_first",
        "test_not_red",
        {
            **ANYWHERE,
            "tests": [
                {"run": ["test", "-s", "G-1.txt"]},
                {"run": ["python3", "suite.py", "{report}"], "report": "junit"},
            ],
        },
    ),
    "tests": Case("touch G-1.txt", "tests", "test_failure"),
    "tests that must be reported": Case(
        f"{MADE}; {DROPS}",
        "tests",
        "test_tampering",
        {
            **ANYWHERE,
            "tests": [
                {"run": ["test", "-s", "G-1.txt"]},
                {
                    "run": ["python3", "suite.py", "{report}"],
                    "report": "junit",
                    "must_report": ["tests/test_sums.py::test_none"],
                },
            ],
        },
    ),
    "done": Case(
        MADE, "done", "test_failure", {"done_when": [{"run": ["grep", "-q", "done", "G-1.txt"]}]}
    ),
    "a command": Case(
        "echo TODO > G-1.txt",
        "lint",
        "test_failure",
        on="gates: [{name: lint, run: [sh, lint.sh], timeout_s: 60}]",
        off="gates: []",
    ),
    "a suite": Case(
        f"{MADE}; {BREAKS}", "suite", "test_failure", ANYWHERE, on=junit(), off="gates: []"
    ),
    "the baseline": Case(
        f"{MADE}; {DROPS}",
        "suite",
        "test_tampering",
        ANYWHERE,
        on=junit("baseline: true"),
        off=junit(),
    ),
    "tests from both": Case(
        f"{MADE}; {BREAKS}; {WEAKENS}",
        "suite",
        "test_tampering",
        ANYWHERE,
        on=junit("baseline: true", "tests_from: both"),
        off=junit("baseline: true"),
    ),
    "tests from the base": Case(
        f"{MADE}; {BREAKS}; {WEAKENS}",
        "suite",
        "test_failure",
        ANYWHERE,
        on=junit("tests_from: base"),
        off=junit(),
    ),
    "a number of tests": Case(
        f"{MADE}; {DROPS}",
        "suite",
        "report_missing",
        ANYWHERE,
        on=junit("min_tests: 2"),
        off=junit("min_tests: 1"),
    ),
    "named tests": Case(
        f"{MADE}; {DROPS}",
        "suite",
        "test_failure",
        ANYWHERE,
        on=junit("must_report: ['tests/test_sums.py::test_none']"),
        off=junit(),
    ),
    "a report": Case(
        f"{MADE}; echo 'import sys; sys.exit(0)' > suite.py",
        "suite",
        "report_missing",
        ANYWHERE,
        on=junit(),
        off=SUITE,
    ),
}


@pytest.fixture
def house(founded):
    return founded(BASE)


def rules(house, lines):
    text = f"schema: 1\nextends: default-1\nrepo_name: house\n{lines}\n"
    house.commits({".pawl/policy.yaml": text}, "rules")


@pytest.mark.parametrize("name", CASES)
def test_this_gate_alone_stops_it(house, monkeypatch, name):
    case = CASES[name]
    wish = {"command": ["sh", "-ec", case.script], **case.item}
    rules(house, f"{case.on}\nreconcile_s: 5")  # so that there is something to commit
    house.wishes("G-1", **wish)
    before = house.tip()
    house.runs()
    judged = [fact for fact in house.facts("G-1") if fact.kind == "gates-judged"][-1]
    assert {one.gate for one in judged.records if one.verdict.kind != "passed"} == {case.gate}
    assert (house.summary("G-1")["failure"], house.tip()) == (case.failure, before)

    switch_off(house, monkeypatch, case)
    house.wishes("G-1", **wish, reopen=2)
    house.runs()
    assert house.ended("G-1@2") == ("PASS", "landed"), house.summary("G-1@2")["why"]


def switch_off(house, monkeypatch, case):
    if case.off is not None:
        rules(house, case.off)
        return
    left = tuple(gate for gate in BUILT_IN_GATES if gate != case.gate)
    monkeypatch.setattr(definition, "BUILT_IN_GATES", left)


def test_every_built_in_gate_has_its_case():
    assert {case.gate for case in CASES.values() if case.off is None} == set(BUILT_IN_GATES)
