"""A real repository with one commit, and a door of this host to it."""

import dataclasses
import os
import subprocess

import pytest

from daemon.bus.door import Door
from daemon.sandbox.settings import Builder, SandboxHost
from gitops.repository import Store
from policy.bus.operation import Limits, Operation
from policy.bus.result import Ran
from policy.rules.load import shipped_policy

MIB = 1024 * 1024
LIMITS = Limits(
    wall_s=60.0, output_bytes=64 * 1024, memory_bytes=512 * MIB, processes=64, open_files=512,
    file_bytes=64 * MIB, scratch_bytes=32 * MIB, scratch_inodes=5000, tmp_bytes=8 * MIB,
)  # fmt: skip
HOST = SandboxHost(
    ceilings=LIMITS,
    report_bytes=MIB,
    spill_bytes=0,
    shm_bytes=4 * MIB,
    builder=Builder(uid=60601, gid=60601) if os.geteuid() == 0 else None,
)


class House:
    """The repository, and the door to its sandboxes."""

    def __init__(self, root, host):
        self.work = root / "repo"
        self.git("init", "-q", "-b", "main", str(self.work), cwd=root)
        (self.work / "src").mkdir()
        (self.work / "src" / "a.py").write_text("a = 1\n")
        (self.work / "run.sh").write_text("echo ran\n")
        (self.work / ".gitignore").write_text("*.pyc\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "base")
        self.tree = self.git("rev-parse", "HEAD^{tree}")
        self.store = Store.open(self.work / ".git", durability="process")
        self.state = root / "state"
        self.door = Door(
            host=host,
            state=self.state,
            store=self.store,
            tree_limits=shipped_policy().policy.sandbox.tree,
        )

    def git(self, *argv, cwd=None):
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/"}
        for who in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{who}_NAME": "ada", f"GIT_{who}_EMAIL": "ada@x"}
        done = subprocess.run(
            ["git", *argv],
            cwd=cwd or self.work,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def operation(self, *argv, **given):
        told = {
            "mission": "H-1", "step": "0" * 64, "role": "builder", "argv": argv,
            "tree": self.tree, "changes": "dropped", "limits": LIMITS,
        }  # fmt: skip
        return Operation(**(told | given))

    def launch(self, *argv, stop=None, granted=None, **given):
        more = {} if granted is None else {"granted": granted}
        return self.door.launch(self.operation(*argv, **given), stop=stop, **more)

    def sh(self, script, **given):
        """Run a shell script on the base; return its `Ran`."""
        ran = self.launch("sh", "-c", script, **given)
        assert isinstance(ran, Ran), ran
        return ran

    def lines(self, tree):
        return self.git("ls-tree", "-r", "--name-only", tree).splitlines()


@pytest.fixture(scope="module", params=["overlay", "copy"])
def house(request, tmp_path_factory):
    made = House(tmp_path_factory.mktemp("house"), dataclasses.replace(HOST, engine=request.param))
    with made.door:
        yield made


@pytest.fixture
def make_house(tmp_path):
    def make(host):
        root = tmp_path / str(len(list(tmp_path.iterdir())))
        root.mkdir()
        return House(root, host)

    return make


@pytest.fixture
def this_host():
    return HOST
