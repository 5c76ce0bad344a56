"""A machine with a hub on it that Ada pushes to, and the service that serves it."""

import functools
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon.service import debian
from tests.daemon.service.checkout import SEEN
from tests.daemon.service.machine import OUTSIDE, PAWL, PYTHON, Machine, sweep
from tests.eventually import eventually

UNIT = "pawl@house.service"
HUB = "/srv/git/house.git"
CLONE = "/srv/ada/house"
STATE = "/var/lib/pawl/house"
QUICK = """[Unit]
StartLimitIntervalSec=1h
StartLimitBurst=200
[Service]
RestartSec=200ms
WatchdogSec=20s
TimeoutAbortSec=1s
"""
"""The shipped times are for a build host; what is tested is that they are heeded."""

SSHD = """ListenAddress 127.0.0.1
HostKey /srv/ssh/host
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""


@functools.cache
def why_not() -> str | None:
    if os.geteuid() != 0:
        return "a machine of namespaces is made by root only"
    if not Path("/lib/systemd/systemd").exists():
        return "there is no systemd; `sh setup/packages.sh tests` as root installs it"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "this kernel has no overlayfs"
    with tempfile.TemporaryDirectory(dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")) as folder:
        for name in ("upper", "work", "root"):
            Path(folder, name).mkdir()
        return _cannot_mount(folder)


def _cannot_mount(folder: str) -> str | None:
    """Return why this host's root cannot be laid under namespaces of our own."""
    mount = 'mount -t overlay overlay -o "lowerdir=/,upperdir=upper,workdir=work" root'
    namespaces = ("--mount", "--pid", "--fork", "--cgroup", "--uts", "--ipc", "--net")
    done = subprocess.run(
        ("unshare", *namespaces, "sh", "-c", mount),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else f"namespaces cannot be made here: {done.stderr}"


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {report.longrepr[2] for report in skipped if "service" in report.nodeid}
    for reason in sorted(reasons):
        terminalreporter.write_line(reason.removeprefix("Skipped: "), red=True, bold=True)


@dataclass
class Host:
    """The build host: what Ada and its operator do there, and what can be seen."""

    machine: Machine
    served: str = HUB
    """Where the service works: the hub itself, or a clone of it."""

    def root(self, *argv: str) -> str:
        return self.machine.says(*argv)

    def ada(self, *argv: str, at: str = CLONE) -> str:
        return self.machine.says("env", "-C", at, *argv, user="ada")

    def pawl(self, *argv: str):
        return self.machine.tries(PAWL, *argv, env=OUTSIDE)

    def named(self) -> None:
        """Make Ada, who may begin projects below /srv/ada."""
        self.root("useradd", "--create-home", "ada")
        self.root("install", "-d", "-o", "ada", "/srv/ada")
        self.ada("git", "config", "--global", "user.name", "Ada", at="/srv")
        self.ada("git", "config", "--global", "user.email", "ada@example.org", at="/srv")

    def begins(self) -> None:
        """Ada starts a project and has pawl serve it; it wishes for nothing yet."""
        self.ada("git", "init", "-q", "-b", "main", CLONE, at="/srv")
        self.ada("sh", "-c", "echo a house > README; git add .; git commit -qm beginning")
        self.ada(PAWL, "init")
        self.ada("git", "rm", "-q", "backlog/HELLO-1.yaml")
        self.ada("git", "commit", "-qm", "no hello")

    def runs_sshd(self, port: int) -> None:
        """Let people in by their keys alone, on loopback."""
        self.root("install", "-d", "/srv/ssh", "/run/sshd")
        self.root("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/srv/ssh/host")
        self.writes("/srv/ssh/config", f"Port {port}\n{SSHD}")
        self.root("sh", "-c", "getent passwd sshd || useradd --system --shell /bin/false sshd")
        argv = ("/usr/sbin/sshd", "-D", "-f", "/srv/ssh/config")
        self.root("systemd-run", "--unit=test-sshd", "--quiet", *argv)
        scan = ("ssh-keyscan", "-p", str(port), "127.0.0.1")
        eventually(lambda: not self.machine.tries(*scan).returncode, "sshd is up")

    def has_a_key(self) -> str:
        """Give Ada a key for ssh; return its public half."""
        make = "mkdir -m 700 ~/.ssh; ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; "
        return self.ada("sh", "-c", make + "cat ~/.ssh/id_ed25519.pub", at="/srv")

    def trusts(self, name: str) -> None:
        """Ada takes the key of our sshd for that of *name*, as ssh writes it."""
        known = f"{name} {self.root('cat', '/srv/ssh/host.pub')}"
        self.ada("sh", "-c", 'echo "$1" >> ~/.ssh/known_hosts', "sh", known, at="/srv")

    def founds(self, hub: str = HUB) -> None:
        """Ada starts a project, a hub is made of it, and root has pawl serve the hub."""
        self.named()
        self.root("groupadd", "builders")
        self.root("usermod", "--append", "--groups", "builders", "ada")
        self.root("install", "-d", "-o", "ada", "/srv/git")
        self.begins()
        introduced = self.ada("git", "log", "--format=%H", "--grep=^pawl: serve").strip()
        self.ada("git", "clone", "-q", "--bare", "--single-branch", ".", hub)
        self.root("chown", "-R", "root:", hub)
        self.root(PAWL, "-C", hub, "init", "--introduction", introduced)
        self.ada("git", "remote", "add", "origin", hub)

    def installs(self, *options: str) -> None:
        self.root(PAWL, "-C", HUB, "service", "install", "house", "--share", "builders", *options)

    def hurries(self, **more: str) -> None:
        """Shorten the times of the unit, as `systemctl edit pawl@` does."""
        self.root("mkdir", "-p", "/etc/systemd/system/pawl@.service.d")
        text = QUICK + "".join(f"{key}={value}\n" for key, value in more.items())
        self.writes("/etc/systemd/system/pawl@.service.d/quick.conf", text)
        self.root("systemctl", "daemon-reload")

    def writes(self, path: str, text: str) -> None:
        self.root("sh", "-c", 'printf %s "$2" > "$1"', "sh", path, text)

    def wishes(self, item: str, *, builder: str = "true") -> None:
        """Ada pushes a wish for a file; before it is written, *builder* is run."""
        path = f"{item}.txt"
        wish = {
            "id": item,
            "title": f"make {path}",
            "priority": "P1",
            "contract": f"there is a file {path}",
            "acceptance": [f"{path} is there"],
            "write_scope": [path],
            "tests": [{"run": ["test", "-s", path]}],
            "command": ["sh", "-c", f"echo begun >> {path}; {builder}; echo made >> {path}"],
        }
        text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in wish.items())
        script = (
            'git pull -q --rebase origin main && printf %s "$2" > "backlog/$1.yaml" && '
            'git add backlog && git commit -qm "wish $1" && git push -q origin HEAD:main'
        )
        self.ada("mkdir", "-p", "backlog")
        self.ada("sh", "-c", script, "sh", item, text)

    # what can be seen

    @property
    def health(self) -> dict:
        said = self.machine.tries("cat", f"{STATE}/health.json").stdout
        return json.loads(said) if said else {}

    def is_building(self, item: str) -> bool:
        return "attempt" in str(self.health.get("under_way", {}).get(item, ""))

    def subjects(self) -> list[str]:
        log = self.root("git", f"--git-dir={HUB}", "log", "--first-parent", "--format=%s", "main")
        return log.splitlines()

    def has_landed(self, item: str) -> bool:
        return f"make {item}.txt" in self.subjects()

    def lands(self, item: str) -> None:
        """Wait until *item* has landed and is closed; it may have landed once only."""
        eventually(lambda: self.has_landed(item), f"{item} lands; {self.tail()}")
        eventually(lambda: item not in self.health.get("resting", {item}), f"{item} is closed")
        assert self.subjects().count(f"make {item}.txt") == 1

    def kinds(self, item: str) -> list[str]:
        said = self.pawl("-C", self.served, "log", item, "--json").stdout
        return [json.loads(line)["kind"] for line in said.splitlines()]

    @property
    def pid(self) -> int:
        return int(self.machine.shows(UNIT, "MainPID"))

    @property
    def restarts(self) -> int:
        return int(self.machine.shows(UNIT, "NRestarts"))

    @property
    def state(self) -> str:
        return self.machine.shows(UNIT, "ActiveState")

    def kills(self, signal: str) -> None:
        self.root("systemctl", "kill", "--signal", signal, "--kill-whom=main", UNIT)

    def tail(self) -> str:
        return self.machine.tries("journalctl", "-u", UNIT, "-n", "30", "-o", "cat").stdout

    def messages(self) -> list[str]:
        return [str(line.get("MESSAGE")) for line in self.machine.journal(UNIT)]

    def since_start(self) -> list[str]:
        """Return what was said since the service was started by hand the last time."""
        said = self.messages()
        starts = [n for n, one in enumerate(said) if one.startswith("Starting ")]
        return said[starts[-1 - self.restarts] :]

    def aborted(self) -> list[str]:
        """Return the stacks that a start found."""
        lines = [json.loads(one) for one in self.messages() if one.startswith('{"')]
        return [line["at"] for line in lines if "aborted" in line["event"]]

    def audits(self) -> None:
        """Audit what the daemon left, as the user it belongs to, by git alone."""
        done = self.machine.tries(
            PYTHON, "-m", "tests.independent.audit",
            self.served, "/etc/pawl/house/trust.yaml",
            user="pawl", env={"PYTHONPATH": str(SEEN)},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


LATER = pytest.param(debian.SUITE, marks=[pytest.mark.faults, pytest.mark.timeout(900)])


@pytest.fixture(scope="module", params=["this-host", LATER])
def lower(request):
    """The root that the machine's disk is laid over, and with it the systemd that runs it."""
    if (why := why_not()) is not None:
        pytest.skip(f"THE SERVICE WAS NOT TESTED: {why}")
    if request.param == "this-host":
        return Path("/")
    try:
        return debian.root(request.config.cache.mkdir(request.param))
    except debian.MissingError as missing:
        pytest.skip(f"THE SERVICE WAS NOT TESTED WITH {request.param}'s SYSTEMD: {missing}")


@pytest.fixture(scope="module")
def machine(tmp_path_factory, worker_id, lower):
    """A booted machine; what it was made of has to be gone from the host afterwards."""
    sweep()
    folder = tmp_path_factory.mktemp("machine")
    machine = Machine(folder, f"pawl-test-{os.getpid()}-{worker_id}-{folder.name[-1]}", lower)
    try:
        machine.boots()
        if lower != Path("/"):
            debian.brings_pawl(machine)
        yield machine
    finally:
        machine.ends()


@pytest.fixture(scope="module")
def founded(machine):
    host = Host(machine)
    host.founds()
    return host


@pytest.fixture(scope="module")
def installed(founded):
    """The service, installed by its own command, and audited at the end."""
    founded.hurries()
    founded.installs()
    yield founded
    founded.audits()


@pytest.fixture
def host(installed):
    """The service as it should be found: up, whatever the test before did."""
    if installed.state != "active":
        installed.root("systemctl", "reset-failed", UNIT)
        installed.root("systemctl", "start", UNIT)
    return installed
