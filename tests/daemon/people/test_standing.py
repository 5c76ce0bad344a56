"""Standing waivers: tests that are known to fail, for as long as people say so."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from daemon.cli.inbox import inbox
from tests.daemon.conftest import POLICY
from tests.daemon.people.test_decisions import Later, revocation

REPORT = """import sys
case = '<testcase classname="t" name="{}">{}</testcase>'
rows = case.format("good", "") + case.format("red", '<failure message="no"/>')
head = '<testsuites><testsuite name="s" tests="2" failures="1" errors="0" skipped="0">'
open(sys.argv[1], "w").write(head + rows + "</testsuite></testsuites>")
raise SystemExit(1)
"""
GATE = {
    "name": "suite",
    "run": ["python3", "suite.py", "{report}"],
    "report": "junit",
    "known_failures": "waiver",
    "timeout_s": 60,
}
STANDING = "11111111-2222-4333-8444-777777777777"


@pytest.fixture
def town(settled):
    home = settled(POLICY + f"gates: [{json.dumps(GATE)}]\n".encode())
    home.commits({"suite.py": REPORT})
    return home


def standing(home, tests=("t::red",), days=3, **changes):
    root = home.git("rev-list", "--max-parents=0", "main")
    at = datetime.now(UTC) + timedelta(days=days)
    said = {
        "schema": 1,
        "kind": "standing-waiver",
        "id": STANDING,
        "repo": {"root_commit": root, "name": "house"},
        "ref": "refs/heads/main",
        "gates": ["suite"],
        "tests": list(tests),
        "reason": "the printer this test asks for was sold",
        "expires": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        **changes,
    }
    rows = "".join(f"{key}: {json.dumps(value)}\n" for key, value in said.items())
    return {f"waivers/{said['id']}.yaml": rows}


def test_a_known_failure_bars_nothing_and_the_landing_names_who_says_so(town):
    town.signs(standing(town))
    town.wishes("H-1")
    town.wishes("H-2")
    town.runs()
    assert town.ended("H-1") == town.ended("H-2") == ("PASS", "landed")
    blob = town.git("rev-parse", f"main:waivers/{STANDING}.yaml")
    for mission in ("H-1", "H-2"):
        (started,) = [one for one in town.facts(mission) if one.kind == "landing-started"]
        assert started.permissions == (blob,)
        (judged,) = [one for one in town.facts(mission) if one.kind == "gates-judged"]
        (suite,) = [one for one in judged.records if one.gate == "suite"]
        assert suite.known == ("t::red",)
    assert town.runs().doubts == []


@pytest.mark.parametrize(
    ("tests", "by", "changes"),
    [
        (("t::other",), "alice", {}),
        (("t::red",), "eve", {}),
        (("t::red",), None, {}),
        (("t::red",), "alice", {"ref": "refs/heads/other"}),
        (("t::red",), "alice", {"gates": ["tests"]}),
    ],
    ids=["another test", "a stranger", "nobody", "another branch", "another gate"],
)
def test_what_no_standing_waiver_names_bars_as_ever(town, tests, by, changes):
    town.signs(standing(town, tests, **changes), by=by)
    town.wishes("H-1")
    town.runs()
    assert town.ended("H-1")[0] == "BLOCKED"


def test_one_that_has_expired_holds_nothing(town):
    town.signs(standing(town))
    town.wishes("H-1")
    town.runs(clock=Later(4))
    assert town.ended("H-1")[0] == "BLOCKED"


def test_one_that_was_revoked_holds_nothing(town):
    town.signs(standing(town))
    town.signs(revocation(town, STANDING))
    town.wishes("H-1")
    town.runs()
    assert town.ended("H-1")[0] == "BLOCKED"


def test_one_that_ends_between_judging_and_landing_is_judged_anew(town):
    town.signs(standing(town))
    town.wishes("H-1", requires_approval=True)
    town.runs()
    assert town.waits("H-1").request == "requests/1.yaml"
    town.answers("H-1", "approval")
    town.signs(revocation(town, STANDING))
    town.runs()
    assert town.ended("H-1")[0] == "BLOCKED"
    assert "make H-1.txt" not in town.subjects()


def test_the_inbox_says_why_one_says_nothing(town, capsys):
    town.signs(standing(town), by="eve")
    inbox(town.path, why=True, as_json=False)
    assert f"waivers/{STANDING}.yaml does not count: unknown_key" in capsys.readouterr().out


def test_by_a_clock_that_is_behind_nothing_is_judged(town):
    town.signs(standing(town))
    town.wishes("H-1")
    assert "clock" in town.runs(clock=Later(-2)).doubts[0]
    town.runs()
    assert town.ended("H-1") == ("PASS", "landed")


def test_one_that_expires_while_a_landing_is_held_is_judged_without(town):
    town.signs(standing(town))
    town.wishes("H-1")
    (town.path / "README").write_text("edited by somebody who is not done\n")
    standing_now = town.runs()
    assert standing_now.rests["H-1"].reason == "held"
    assert town.kinds("H-1")[-1] == "gates-judged"
    town.git("checkout", "--quiet", "README")
    town.runs(clock=Later(4))
    assert town.ended("H-1")[0] == "BLOCKED"
    assert "make H-1.txt" not in town.subjects()
