"""Real projects: their dependencies come from a lock file, through the proxy, once.

The registries are this machine's own (registries.py). Gates have no network.
"""

import json

import pytest

from tests.daemon.environments.registries import index, locked, npm

TESTED = ("iniconfig", "packaging", "pluggy", "pygments", "pytest")
PYTHON = {
    "setup": [
        ["python3", "-m", "venv", "/environment"],
        ["/environment/bin/pip", "install", "--require-hashes", "--no-deps", "-r",
         "requirements.txt"],
    ],
    "key_files": ["requirements.txt"],
    "path": ["bin"],
}  # fmt: skip
SUITE = {
    "name": "suite",
    "run": ["python3", "-m", "pytest", "-p", "no:cacheprovider", "--junitxml", "{report}"],
    "report": "junit",
    "baseline": True,
    "timeout_s": 120,
    "environment": "py",
}
TEST = """import socket
import pytest
import order

def test_versions_are_put_in_order():
    assert order.newest(["1.9", "1.10"]) == "1.10"

def test_there_is_no_network():
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", 3128), timeout=5)
"""
ORDER = """from packaging.version import Version


def newest(names):
    return max(names, key=Version)
"""


def writes(path, text):
    return ["python3", "-c", f"open({path!r}, 'w').write({text!r})"]


def test_a_python_project_with_a_hash_locked_requirements_file(furnished, built, failures):
    requirements = locked(*TESTED)
    registry = index(requirements)
    files = {
        "requirements.txt": requirements,
        "order.py": ORDER,
        "conftest.py": "",
        "test_order.py": TEST,
    }
    house = furnished(
        {"py": {**PYTHON, "egress": registry.egress}}, files, host=registry.host,
        gates=[SUITE], environment="py", backoff_s=60,
    )  # fmt: skip
    oldest = ORDER + "\n\ndef oldest(names):\n    return min(names, key=Version)\n"
    run = ["python3", "-c", "import order; assert order.oldest(['1.9', '1.10']) == '1.9'"]
    house.wishes(
        "H-1", command=writes("order.py", oldest), tests=[{"run": run}], write_scope=["order.py"]
    )
    house.runs()
    assert failures(house) == []
    assert house.ended("H-1") == ("PASS", "landed")
    first = built(house)
    house.wishes("H-2")
    house.runs()
    assert house.ended("H-2") == ("PASS", "landed")
    assert built(house) == first
    judged = next(fact for fact in house.facts("H-2") if fact.kind == "gates-judged")
    suite = next(record for record in judged.records if record.gate == "suite")
    assert (suite.counts.passed, suite.counts.failed) == (2, 0)
    assert hosts(house, "H-2") == {place.partition(":")[0] for place in registry.egress}


@pytest.mark.faults  # a second venv: the long form's
def test_a_wrong_hash_is_a_failure_of_the_environment(furnished, failures):
    requirements = locked("iniconfig")
    registry = index(requirements)
    wrong = f"{requirements.partition(' ')[0]} --hash=sha256:{'0' * 64}\n"
    house = furnished(
        {"py": {**PYTHON, "egress": registry.egress}}, {"requirements.txt": wrong},
        host=registry.host, environment="py", backoff_s=60,
    )  # fmt: skip
    house.wishes("H-1")
    standing = house.runs()
    assert standing.rests["H-1"].reason == "no_environment"
    (failure,) = failures(house)
    assert failure.failure == "dependency_error"
    assert "HASHES" in failure.output


def hosts(house, item):
    """Return the hosts the set-up reached, as the evidence of a judgement tells."""
    paths = house.git("ls-tree", "-r", "--name-only", "pawl/ledger").split()
    (path,) = [each for each in paths if each.endswith(f"/{item}/gates/1/environment-py.json")]
    about = json.loads(house.git("show", f"pawl/ledger:{path}"))
    return {line["host"] for step in about["setup"] for line in step["contacts"] if line["allowed"]}


PACKAGE = {
    "name": "count",
    "version": "1.0.0",
    "private": True,
    "type": "module",
    "dependencies": {"is-number": "7.0.0"},
}
PACKAGE_LOCK = {
    "name": "count",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {
        "": {"name": "count", "version": "1.0.0", "dependencies": {"is-number": "7.0.0"}},
        "node_modules/is-number": {
            "version": "7.0.0",
            "integrity": "sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9c"
            "GvNp6NZWZUBlbGXYxxng==",
        },
    },
}
CHECK = 'assert(isNumber("5") && !isNumber("five"));\n'
NODE = {
    "setup": [
        ["cp", "package.json", "package-lock.json", "/environment"],
        ["npm", "ci", "--prefix", "/environment", "--no-audit", "--no-fund"],
    ],
    "key_files": ["package.json", "package-lock.json"],
    "path": ["node_modules/.bin"],
    "links": {"node_modules": "node_modules"},
}


def test_a_node_project_with_a_package_lock(furnished, built, failures):
    registry = npm()
    files = {
        "package.json": json.dumps(PACKAGE),
        "package-lock.json": json.dumps(PACKAGE_LOCK),
        "check.js": f'import isNumber from "is-number";\nimport assert from "assert";\n{CHECK}',
        "old.cjs": f'const isNumber = require("is-number"), assert = require("assert");\n{CHECK}',
    }
    gates = [
        {"name": name, "run": ["node", file], "timeout_s": 60, "environment": "node"}
        for name, file in (("suite", "check.js"), ("old", "old.cjs"))
    ]
    house = furnished(
        {"node": {**NODE, "egress": registry.egress}}, files, host=registry.host, gates=gates,
        environment="node", backoff_s=60,
    )  # fmt: skip
    for item in ("H-1", "H-2"):
        house.wishes(item, command=["node", "-e", f"fs.writeFileSync('{item}.txt', 'made\\n')"])
        house.runs()
        assert failures(house) == []
        assert house.ended(item) == ("PASS", "landed")
    assert len(built(house)) == 1
