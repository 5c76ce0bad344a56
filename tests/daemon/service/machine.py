"""A small machine that systemd runs: namespaces, an overlay of a root, a disk of its own.

    machine.boots(); machine.says("pawl", ...); machine.loses_power(); machine.boots()

What it was made of is gone when `ends` returns: control groups, mounts, processes.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from tests.daemon.service.checkout import ROOT, copied, seen
from tests.eventually import DEADLINE_S, eventually

HERE = Path(__file__).parent
PYTHON = seen(f"{sys.prefix}/bin/python")
PAWL = seen(f"{sysconfig.get_path('scripts')}/pawl")
CGROUPS = Path("/sys/fs/cgroup")
OUTSIDE = {"PAWL_CONFIG_DIR": "/etc/pawl", "PAWL_STATE_DIR": "/var/lib/pawl"}


@dataclass
class Machine:
    folder: Path
    group: str
    lower: Path = Path("/")
    """The root that its disk is laid over."""
    boot: subprocess.Popen | None = None
    init: int = 0
    log: Path = field(init=False)

    def __post_init__(self):
        self.log = self.folder / "boot.log"
        disk = self.folder / "disk"
        for path in (self.folder / "root", disk / "work", disk / "srv", disk / "state"):
            path.mkdir(parents=True)
        etc = disk / "upper" / "etc"
        (etc / "systemd" / "journald.conf.d").mkdir(parents=True)
        (disk / "upper" / "var" / "log" / "journal").mkdir(parents=True)
        (disk / "upper" / "var" / "lib" / "pawl").mkdir(parents=True)
        copied(disk / "upper")
        (etc / "machine-id").write_text(f"{os.urandom(16).hex()}\n")
        (etc / "systemd" / "journald.conf.d" / "small.conf").write_text(
            "[Journal]\nStorage=persistent\nSystemMaxUse=64M\nRateLimitBurst=0\n"
        )

    # its life

    def boots(self) -> None:
        """Start it; returns when systemd says that it is up."""
        readable = [str(ROOT), sys.prefix]
        if self.lower == Path("/"):
            readable.append(os.path.realpath(sys.base_prefix))
        with self.log.open("wb") as log:
            self.boot = subprocess.Popen(
                ["bash", HERE / "boot.sh", self.folder, self.group, self.lower, *readable],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.init = eventually(self._find_init, "a PID 1")
        eventually(lambda: self._state() in {"running", "degraded"}, "systemd is up")

    def _find_init(self) -> int | None:
        assert self.boot is not None
        assert self.boot.poll() is None, self.log.read_text()
        children = Path(f"/proc/{self.boot.pid}/task/{self.boot.pid}/children").read_text()
        named = (Path(f"/proc/{pid}/comm") for pid in children.split())
        return next((int(one.parent.name) for one in named if _text(one) == "systemd\n"), None)

    def _state(self) -> str:
        return self._run("systemctl", "is-system-running").stdout.strip()

    def loses_power(self) -> None:
        """End everything at once; what was not on the disk is lost with it."""
        assert self.boot is not None
        self.boot.send_signal(signal.SIGKILL)
        self.boot.wait()
        eventually(lambda: not Path(f"/proc/{self.init}").exists(), "PID 1 is gone")

    def shuts_down(self) -> None:
        assert self.boot is not None
        self._run("systemctl", "poweroff")
        self.boot.wait(DEADLINE_S)

    def ends(self) -> None:
        """Take it apart; fails if anything of it is left on the host."""
        if self.boot is not None and self.boot.poll() is None:
            self.loses_power()
        gone = f"control groups {self.group} are gone"
        eventually(lambda: not Machine.remove_groups(self.group), gone)
        mounts = Path("/proc/self/mounts").read_text()
        assert str(self.folder) not in mounts
        shutil.rmtree(self.folder)

    @staticmethod
    def remove_groups(name: str) -> list[Path]:
        """Remove the control groups *name*; return those that could not be."""
        tops = [CGROUPS / name, *CGROUPS.glob(f"*/{name}")]
        for top in (top for top in tops if top.exists()):
            for parent, folders, _ in os.walk(top, topdown=False):
                for child in folders:
                    _rmdir(Path(parent, child))
            _rmdir(top)
        return [top for top in tops if top.exists()]

    # people at it

    def _run(self, *argv: str, user: str = "root", **options) -> subprocess.CompletedProcess:
        environ = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": "/root" if user == "root" else f"/home/{user}",
            **options.pop("env", {}),
        }
        become = [] if user == "root" else ["runuser", "-u", user, "--"]
        enter = ["nsenter", "--target", str(self.init), "--all", "--wd"]
        assigned = [f"{key}={value}" for key, value in environ.items()]
        return subprocess.run(
            [*enter, *become, "env", "-i", *assigned, *argv],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options,
        )  # fmt: skip

    def tries(self, *argv: str, user: str = "root", **options) -> subprocess.CompletedProcess:
        return self._run(*argv, user=user, **options)

    def says(self, *argv: str, user: str = "root", **options) -> str:
        """Run *argv* on the machine; return what it said on stdout. It must end well."""
        done = self._run(*argv, user=user, **options)
        assert done.returncode == 0, f"{argv} exited {done.returncode}: {done.stderr}{done.stdout}"
        return done.stdout.rstrip("\n")

    def shows(self, unit: str, name: str) -> str:
        return self.says("systemctl", "show", "--property", name, "--value", unit)

    def journal(self, unit: str) -> list[dict]:
        """Return the unit's lines, each as journald has it."""
        said = self.says("journalctl", "--all", "--unit", unit, "--output", "json")
        return [json.loads(line) for line in said.splitlines()]


def sweep() -> None:
    """Remove the control groups of tests that were killed; their machines died with them."""
    for group in {
        path.name
        for path in (*CGROUPS.glob("pawl-test-*"), *CGROUPS.glob("*/pawl-test-*"))
        if path.is_dir()
    }:
        if not Path(f"/proc/{group.split('-')[2]}").exists():
            Machine.remove_groups(group)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _rmdir(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:
        return
