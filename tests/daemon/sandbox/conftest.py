"""Sandboxes of this host over a small tree, and an attacker's Python inside them."""

import dataclasses
import os
import secrets
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.sandbox.box import Box, Job, Overlay
from daemon.sandbox.launching import Launcher
from daemon.sandbox.settings import Builder, SandboxHost
from policy.bus.operation import Limits

MIB = 1024 * 1024
LIMITS = Limits(
    wall_s=60.0, output_bytes=64 * 1024, memory_bytes=512 * MIB, processes=64, open_files=512,
    file_bytes=8 * MIB, scratch_bytes=16 * MIB, scratch_inodes=2000, tmp_bytes=4 * MIB,
)  # fmt: skip
PREFIX = Path(sys.base_prefix)
HOST = SandboxHost(
    ceilings=LIMITS,
    report_bytes=MIB,
    spill_bytes=0,
    shm_bytes=4 * MIB,
    builder=Builder(uid=60602, gid=60602) if os.geteuid() == 0 else None,
    mounts=() if PREFIX.is_relative_to("/usr") else (PREFIX,),
)


class Sandbox:
    """A box with a tree of one file, `seen`."""

    def __init__(self, root, host):
        self.root, self.host, self.state = root, host, root / "state"
        self.launcher = Launcher()
        self.box = Box(host, self.state, self.launcher)
        self.box.prepare()
        self.base = root / "base"
        self.base.mkdir()
        (self.base / "seen").write_text("base\n")
        for path in (self.base, self.base / "seen"):
            if host.builder:
                os.chown(path, host.builder.uid, host.builder.gid)

    @contextmanager
    def running(self, *command, stop=None, limits=LIMITS, tap=None, **given):
        job = Job(command=command, tree=Overlay((self.base,)), limits=limits, tap=tap, **given)
        with self.box.run(job, stop) as ended:
            yield ended

    def sh(self, script, **given):
        """Run a shell script to its end; what it left is gone."""
        with self.running("sh", "-c", script, **given) as ended:
            return ended

    def python(self, program, **given):
        """Run an attacker's program to its end."""
        with self.running(
            f"{PREFIX}/bin/python3", "-c", textwrap.dedent(program), **given
        ) as ended:
            return ended

    def limits(self, **changed):
        return LIMITS.model_copy(update=changed)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    made = Sandbox(tmp_path_factory.mktemp("sandbox"), HOST)
    yield made
    made.launcher.close()


@pytest.fixture
def make_sandbox(tmp_path):
    made = []

    def make(**changed):
        root = tmp_path / str(len(made))
        root.mkdir()
        made.append(Sandbox(root, dataclasses.replace(HOST, **changed)))
        return made[-1]

    yield make
    for each in made:
        each.launcher.close()


@pytest.fixture
def canary(tmp_path):
    """A file that anybody on the host may read and write."""
    path = tmp_path / "canary"
    path.write_text(secrets.token_hex(8))
    path.chmod(0o666)
    return path


@pytest.fixture
def token():
    """A word that finds a process of ours on the host: `sleep 1000.<digits>`."""
    return f"1000.{secrets.randbelow(10**12):012}"


@pytest.fixture
def alive():
    """Whether a process with this word in its arguments lives on the host."""

    def look(word):
        return bool(_having(word))

    return look


@pytest.fixture
def pids():
    return _having


def _having(word):
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if word.encode() in words:
            found.append(int(process.name))
    return found
