"""Items for tables: the least a file must say, changes of it, and what selection is told."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml

from policy.backlog.conditions import name_of
from policy.backlog.crew import Crew
from policy.backlog.graph import Filed, assemble
from policy.backlog.outline import outline
from policy.backlog.parse import BadItem, read_item
from policy.backlog.scene import Closing, Scene
from policy.backlog.spec import spec_hash
from policy.problems import Problem
from policy.rules.load import shipped_policy
from policy.rules.outcomes import Reason

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
SHIPPED = shipped_policy()
BROKEN = BadItem("backlog/X.yaml", (Problem(7, 1, "is not YAML"),))
CHECK = {"check": ["test", "-e", "x"]}
EXISTS = {"path_exists": "x"}
LEAST = {
    "id": "H-1",
    "title": "Split a bill",
    "priority": "P1",
    "contract": "split() loses no cent",
    "acceptance": ["no cent is lost"],
    "write_scope": ["src/**"],
    "command": ["true"],
    "tests": [{"run": ["false"]}],
}


@pytest.fixture(scope="session")
def least():
    return LEAST


@pytest.fixture(scope="session")
def text():
    """Return the file of an item; a key whose value is `...` is left out."""

    def write(**changes):
        fields = {key: value for key, value in {**LEAST, **changes}.items() if value is not ...}
        apart = json.loads(json.dumps(fields))  # what is there twice would become an alias
        return yaml.safe_dump(apart, sort_keys=False, allow_unicode=True).encode()

    return write


@pytest.fixture(scope="session")
def filed(text):
    def make(name, **changes):
        path = f"backlog/{name}.yaml"
        read = read_item(path, text(id=name, **changes))
        blob = f"{hash(name) & (2**160 - 1):040x}"
        return Filed(path, outline(read.item), read.lines, blob, spec_hash(read.item))

    return make


@pytest.fixture(scope="session")
def crew():
    return Crew(
        plays={"command": frozenset({"build"})},
        pipeline={"low": ("build",), "medium": ("plan", "build"), "high": ("design", "build")},
    )


def rules(**changes):
    selection = SHIPPED.policy.selection.model_copy(update=changes)
    return SHIPPED.policy.model_copy(update={"selection": selection})


@pytest.fixture(scope="session")
def scene(filed, crew):
    def make(*rows, bad=(), scopes=True, selection=None, **more):
        """Each row is an id or (id, changes); each item has its own write scope by default."""
        items = []
        for row in rows:
            name, changes = (row, {}) if isinstance(row, str) else row
            scope = {"write_scope": [f"{name}/**"]} if scopes else {}
            items.append(filed(name, **{**scope, **changes}))
        return Scene(
            backlog=assemble(items, bad, crew),
            policy=rules(**{"max_agents": 9, "on_invalid": "hold", **(selection or {})}),
            policy_digest=SHIPPED.digest,
            now=NOW,
            today=NOW.date(),
            **more,
        )

    return make


def reasons(selection):
    return {name: skip.reason.value for name, skip in selection.skipped.items()}


def closing(scene, item, outcome="BLOCKED", reason=Reason.TESTS_FAILED, origin="item", **more):
    spec = scene.backlog.items[item].spec if item in scene.backlog.items else "0" * 64
    fields = {"spec": spec, "policy": SHIPPED.digest, "at": NOW, **more}
    return Closing(mission=item, outcome=outcome, reason=reason, origin=origin, **fields)


def answered(world, item, **answers):
    conditions = [*world.backlog.items[item].item.ready_when]
    conditions += world.backlog.items[item].item.not_ready_when
    by_key = {next(iter(one.model_dump())): name_of(one) for one in conditions}
    return replace(world, answers={by_key[key]: answer for key, answer in answers.items()})
