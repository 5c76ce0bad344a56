"""What people are told of environments: by doctor, by cleanup, by the schemas."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.cli.beginning import shipped
from policy.rules.load import load_policy
from tests.daemon.environments.conftest import TOOLS


def pawl(house, *argv):
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "-C", house.path, *argv, "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return json.loads(done.stdout)


def said(house):
    rows = pawl(house, "doctor")["checks"]
    return [(row["verdict"], row["said"], row["then"]) for row in rows
            if row["what"] == "environment"]  # fmt: skip


def test_doctor_tells_what_is_built_and_what_is_not_yet(furnished):
    house = furnished({"tools": TOOLS, "more": {**TOOLS, "egress": ["pypi.org"]}})
    house.wishes("H-1", environment="tools")
    house.runs()
    asks, later, built = said(house)
    assert asks[0] == "bad"
    assert "more: asks for pypi.org:443" in asks[1]
    assert later[0] == "note"
    assert built[0] == "good"
    assert built[1].startswith("tools: 4 files")


def test_doctor_tells_why_the_last_build_failed(furnished):
    bad = {"setup": [["sh", "-c", "echo one; echo two; exit 3"]]}
    house = furnished({"tools": bad}, environment="tools", backoff_s=60)
    house.wishes("H-1")
    house.runs()
    ((verdict, what, then),) = said(house)
    assert verdict == "bad"
    assert "dependency_error, 1 times" in what
    assert "one | two" in then
    assert json.loads(Path(then.rpartition(": ")[2]).read_text())["output"] == "one\ntwo\n"


def test_cleanup_removes_what_the_host_does_not_keep(furnished, built):
    house = furnished({"tools": TOOLS}, environment="tools")
    for number in (1, 2):
        house.commits({"tools.lock": f"{number}\n"})
        house.wishes(f"H-{number}")
        house.runs()
    host = house.outside.config / "host.yaml"
    host.write_text(host.read_text() + "environments_kept: 1\n")
    newest, oldest = built(house)
    assert pawl(house, "cleanup", "--dry-run")["environments"] == [oldest[1]]
    assert len(built(house)) == 2
    assert pawl(house, "cleanup")["environments"] == [oldest[1]]
    assert built(house) == [newest]


def test_the_schemas_list_every_key(furnished):
    house = furnished({})
    policy, host = pawl(house, "schema", "policy"), pawl(house, "schema", "host")
    declared = policy["$defs"]["Environment"]["properties"]
    assert set(declared) == {
        "setup", "key_files", "egress", "path", "env", "links", "key_changes",
        "timeout_s", "limits",
    }  # fmt: skip
    assert all("description" in declared[key] for key in declared if key != "limits")
    for key in ("egress", "egress_proxy", "environments_kept", "environments_bytes"):
        assert "description" in host["properties"][key]


@pytest.mark.parametrize("lock", ["requirements.txt", "package-lock.json"])
def test_what_init_proposes_for_a_lock_file_is_a_policy_once_it_is_wanted(lock):
    beginning = shipped(branch="main", name="house", approver="", taken=frozenset({lock}))
    proposed = beginning.introduction[".pawl/policy.yaml"].decode()
    assert load_policy(proposed.encode()).policy.environments == {}
    head, start, tail = proposed.rpartition("# environments:")
    wanted = head + "\n".join(line.removeprefix("# ") for line in (start + tail).splitlines())
    policy = load_policy(wanted.encode()).policy
    (declared,) = policy.environments.values()
    assert lock in declared.key_files
    assert policy.environment in policy.environments
