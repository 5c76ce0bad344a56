"""A ledger on which every figure is more than nothing, made by real missions."""

import json
import re
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon.loop.landed.asking import At

POLICY = """schema: 1
extends: default-1
repo_name: house
selection: {max_agents: 2, on_invalid: hold}
command: {deterministic: false}
failures:
  build_error: {action: escalate, origin: item}
  test_failure: {action: retry, limit: 1, origin: item}
"""
RETRIED = "{action: retry, limit: 1, "
LEARNS = """
import os
told = 'PAWL_FAILURE' in os.environ
open('H-2.txt', 'w').write('well' if told else 'ill')
"""


def suite(code, pages=None, **after):
    """The policy with a gate that is asked after landings only: the shell *code*."""
    gate = {"name": "suite", "run": ["sh", "-c", code], "timeout_s": 60, "when": {"risk": []}}
    rules = {"gates": ["suite"], "reruns": 1, "repair": 0, "revert": True, **after}
    told = json.dumps({"written": False} if pages is None else pages)
    return (
        f"{POLICY}gates: [{json.dumps(gate)}]\nafter_landing: {json.dumps(rules)}\npages: {told}\n"
    )


def writes(house, **pages):
    """Commit a policy under which pages are written."""
    rules = {"every_s": 1, **pages}
    house.commits({".pawl/policy.yaml": f"{POLICY}pages: {json.dumps(rules)}\n"})


class Ticking:
    """A clock that begins so many days ago; each look is a second later."""

    def __init__(self, days=0):
        self.at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)

    def now(self):
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture
def signs():
    path = Path(tempfile.mkdtemp(prefix="signs-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def storied(house, signs):
    """Landed at once, long ago and at the second attempt; blocked in three ways; flaky, reverted;
    asked and cancelled, approved, waived."""
    host = house.outside.config / "host.yaml"
    host.write_text(host.read_text() + f"mounts: [{signs}]\n")
    well = f"test ! -e H-8.txt && {{ test ! -e H-7.txt || test -e {signs}/well; }}"
    house.commits({".pawl/policy.yaml": suite(well)})
    house.wishes("H-1")
    house.runs(clock=Ticking(days=40))
    clock = Ticking()
    house.wishes(
        "H-2", command=["python3", "-c", LEARNS], tests=[{"run": ["grep", "-q", "well", "H-2.txt"]}]
    )
    house.wishes("H-3", command=["true"])
    house.wishes(
        "H-4", command=["sh", "-c", "date +%N >H-4.txt"], tests=[{"run": ["test", "-d", "H-4.txt"]}]
    )
    house.wishes("H-5", command=["sh", "-c", "echo 1 > H-5.txt; echo 1 > README"])
    house.wishes("H-6", command=["sh", "-c", "exit 3"])
    house.wishes("H-9", requires_approval=True)
    house.runs(clock=clock)
    house.wishes("H-6", status="cancelled")
    house.wishes("H-9", status="cancelled")
    house.wishes("H-7")
    house.runs(clock=clock, point=At("target-end", (signs / "well").touch))
    house.wishes("H-8")
    house.wishes("H-10", requires_approval=True)
    house.commits({".pawl/policy.yaml": suite(well).replace(RETRIED, "{action: waiver, ")})
    house.wishes("H-11", tests=[{"run": ["test", "-d", "H-11.txt"]}])
    house.runs(clock=clock)
    for mission, kind in (("H-11", "waiver"), ("H-10", "approval")):
        ready = house.git("show", f"refs/pawl/missions/{mission}:requests/1.{kind}.yaml")
        text = re.sub('reason: "".*', 'reason: "as it is, it is well enough"', ready) + "\n"
        name = re.search('^id: "(.*)"$', text, re.MULTILINE)[1]
        house.commits({f"waivers/{name}.yaml": text})
        house.runs(clock=clock)
    return house
