"""What is asked of a target after a landing, and what was answered."""

import json

BASE = """schema: 1
extends: default-1
repo_name: house
selection: {max_agents: 2}
"""


def asks(house, code, *, command="{deterministic: true}", **rules):
    """A gate `suite` that is asked after landings only: the shell *code*."""
    gate = {"name": "suite", "run": ["sh", "-c", code], "timeout_s": 60, "when": {"risk": []}}
    after = {"gates": ["suite"], "reruns": 1, "repair": 0, "revert": False, **rules}
    house.commits(
        {
            ".pawl/policy.yaml": f"{BASE}gates: [{json.dumps(gate)}]\n"
            f"after_landing: {json.dumps(after)}\ncommand: {command}\n"
        }
    )


def judgements(house, mission):
    return [
        (fact.verdict, fact.source) for fact in house.facts(mission) if fact.kind == "target-judged"
    ]


def runs(house, mission):
    return house.kinds(mission).count("target-ran")


class At:
    """Does something the *nth* time a point is passed."""

    def __init__(self, name, act, nth=1):
        self.name, self.act, self.left = name, act, nth

    def __call__(self, name):
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                self.act()
