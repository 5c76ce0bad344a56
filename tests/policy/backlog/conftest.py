"""Items for tables: the least a file must say, and changes of it."""

import json

import pytest
import yaml

from policy.backlog.crew import Crew
from policy.backlog.graph import Filed
from policy.backlog.outline import outline
from policy.backlog.parse import read_item
from policy.backlog.spec import spec_hash

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
