"""Probes: a host that isolates is remembered, one that does not says what to do."""

import dataclasses
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.sandbox import probes
from daemon.sandbox.probed import key_of
from daemon.sandbox.probes import Conforms, Unavailable


def probed(made, **changed):
    host = dataclasses.replace(made.host, **changed)
    return probes.probe(made.box, host, made.state, made.launcher)


@pytest.mark.parametrize(
    ("engine", "found"), [("overlay", "bwrap-overlay"), ("copy", "bwrap-copy")]
)
def test_this_host_isolates(make_sandbox, engine, found):
    made = make_sandbox(engine=engine)
    assert probed(made) == Conforms(found)
    assert not (made.state / "canary").exists()
    assert list((made.state / "runs").iterdir()) == []


def test_what_passed_is_remembered_for_this_host_file_only(make_sandbox):
    made = make_sandbox()
    probed(made)
    remembered = json.loads((made.state / "probes.json").read_text())
    made.launcher.close()
    assert probed(made) == Conforms(remembered["engine"])
    changed = dataclasses.replace(made.host, shm_bytes=1)
    assert key_of(changed) != remembered["key"]


@pytest.mark.parametrize(
    "holds",
    [
        ["setpriv", "--no-new-privs"],
        ["setpriv", "--bounding-set", "-sys_boot"],
        ["unshare", "-rm", "sh", "-c", 'mount --bind /proc/sys /proc/sys; exec "$@"', "sh"],
    ],
    ids=["no-new-privs", "bounding-set", "something over /proc"],
)
def test_what_passed_holds_only_for_a_daemon_that_is_held_by_the_same(make_sandbox, holds):
    made = make_sandbox()
    code = "import pickle, sys; from daemon.sandbox.probed import key_of; "
    argv = [sys.executable, "-c", f"{code}print(key_of(pickle.load(sys.stdin.buffer)))"]

    def key(*before):
        given = pickle.dumps(made.host)
        done = subprocess.run([*before, *argv], input=given, capture_output=True, check=True)
        return done.stdout

    assert key() == key()
    assert key(*holds) != key()


@pytest.mark.parametrize("content", ["", "[]", '{"key": 1}', "\0"])
def test_a_broken_memory_is_no_memory(make_sandbox, content):
    made = make_sandbox()
    (made.state / "probes.json").write_text(content)
    assert probed(made) == Conforms("bwrap-overlay")


def test_without_bwrap_nothing_runs_and_the_fix_is_named(make_sandbox, tmp_path):
    found = probed(make_sandbox(), bwrap=tmp_path / "bwrap")
    assert isinstance(found, Unavailable)
    assert "apt install bubblewrap" in str(found)


def test_a_mount_that_is_missing_is_named(make_sandbox):
    found = probed(make_sandbox(), mounts=(Path("/no/such/toolchain"),))
    assert isinstance(found, Unavailable)
    assert "/no/such/toolchain" in str(found)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's daemon needs a builder")
def test_a_root_daemon_without_a_builder_runs_nothing(make_sandbox):
    made = make_sandbox(builder=None)
    found = probed(made)
    assert isinstance(found, Unavailable)
    assert "builder" in str(found)
    assert "never mapped" in made.sh("true").ending.why


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--unshare-all", "no network"),
        ("--remount-ro", "only to its work tree"),
    ],
)
def test_a_bwrap_that_does_not_isolate_is_found_out(make_sandbox, line, told):
    made = make_sandbox(engine="overlay")
    program = made.box.request

    def weaker(*given):
        request = program(*given)
        return dataclasses.replace(request, options=_without(request.options, line))

    made.box.request = weaker
    found = probed(made)
    assert isinstance(found, Unavailable)
    assert told in str(found)


def _without(options, line):
    if line == "--unshare-all":
        shared = ["--unshare-pid", "--unshare-ipc", "--unshare-uts"]
        return [*shared, *(each for each in options if each != line)]
    end = options.index("--chdir")
    assert options[end - 2] == line
    return options[: end - 2] + options[end:]
