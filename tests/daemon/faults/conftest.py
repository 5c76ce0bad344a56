"""Houses for many cases: each life is prepared once, and a case gets a copy of the directory.

Whatever a case does to its copy, `house.is_whole()` says whether the oracles of reliability.md 4.1
hold; the audit by git alone follows after each test anyway.
"""

import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from daemon.cli.beginning import Beginning, introduction
from daemon.cli.init import initialise
from daemon.cli.place import open_place
from daemon.serve import once, serving
from gitops.person import Person
from tests.daemon.conftest import House
from tests.daemon.faults.lives import BY_NAME, POLICY, Life

PR_SET_CHILD_SUBREAPER = 36


class Points:
    """Passes points: lets a life's acts happen, then *fault* at its place; keeps the names."""

    def __init__(self, house, place=None, fault=None):
        self.house, self.place, self.fault = house, place, fault
        self.names = []
        self.acting = threading.Lock()
        """A worker passes points too: what dies is the daemon, not a person in mid-commit."""

    def __call__(self, name):
        if not self.house.life.marks and name in ("mark", "marked"):
            return
        if self.house.life.hub and name in ("work-branch", "work-branch-moved"):
            return  # how often depends on when the hub answers; other lives are killed there
        with self.acting:
            self.names.append(name)
            act = self.house.life.acts.get(name)
            if act is not None and self.names.count(name) == 1:
                act(self.house)
            if self.place is None or name != self.place.name:
                return
            if self.names.count(name) == self.place.nth:
                self.fault()


@dataclass
class Faulty(House):
    life: Life | None = None
    signs: Path | None = None
    """A directory that builders can read: how a test tells them something."""
    whole: "Whole | None" = None

    def lives(self, **options):
        """Run until idle, twice where the life itself stops the daemon."""
        standing = self.runs(**{"point": Points(self), **options})
        while _is_stopped(standing):
            standing = self.runs(**{"point": Points(self), **options})
        return standing

    def runs(self, **options):
        """Run until idle; where the lease of a host that is gone runs out, beyond that."""
        with self.serves(**options) as it:
            return _until_idle(it, self)

    @property
    def hub(self):
        return self.path.parent / "hub.git"

    def is_host(self, number):
        """Take a name, so that two houses tell the same story."""
        (self.outside.state / "instance").write_text(f"{number:0>8}\n")

    def publishes(self):
        """Push what a person committed in the clone."""
        self.git("push", "--quiet", self.hub, "main", "pawl/ledger")

    def child(self, place, fault):
        """Run in a process of its own with *fault* at *place*; return how that process ended."""
        pid = self.forks(Points(self, place, fault))
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def forks(self, points):
        """Run in a process of its own; return its id. It has all modules: no second to start."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its threads stay here: they wait
            pid = os.fork()
        if pid:
            return pid
        code = 70
        try:
            with serving(self.outside, point=points) as it:
                _until_idle(it, self)
            code = 0
        finally:
            os._exit(code)

    def fails(self, place, number):
        """Be told *number* by the system at *place*."""

        def fault():
            raise OSError(number, os.strerror(number))

        return self.child(place, fault)

    def is_terminated(self, place):
        return self.child(place, lambda: os.kill(os.getpid(), signal.SIGTERM))

    def dies(self, place):
        """Be killed at *place*: no `finally` of ours tidies up."""
        return self.child(place, lambda: os.kill(os.getpid(), signal.SIGKILL))

    # the oracles

    def is_whole(self):
        self.is_sound()
        assert self.files() == self.whole.files
        self.is_told()

    def is_told(self):
        """The missions came to what they come to undisturbed, and did it once."""
        assert {one: self.told_of(one) for one in self.whole.told} == self.whole.told
        assert self.refs() == self.whole.refs
        assert self.landings() == self.whole.landings
        assert self.pages() == self.whole.pages
        if self.life.hub:
            self.is_published()

    def is_published(self):
        """The hub has what is here, and nothing more."""
        there = self.git("ls-remote", self.hub, "refs/heads/*", "refs/pawl/missions/*")
        here = self.git("for-each-ref", "--format=%(objectname)%09%(refname)", "refs/heads")
        assert there == here
        assert self.git("for-each-ref", "refs/pawl/missions") == ""

    def is_sound(self):
        """What holds after any fault, whatever came of the missions."""
        assert self.git("status", "--porcelain") == ""
        assert self.git("fsck", "--strict", "--no-dangling", "--no-progress") == ""
        assert self.leftovers() == []
        assert self.strays() == []

    def told_of(self, mission):
        """How a mission stands, for good or for now, and what it did once."""
        kinds = Counter(self.kinds(mission))
        once = (
            "mission-opened", "landed", "target-judged", "person-asked", "person-answered",
            "mission-closed",
        )  # fmt: skip
        end = self.facts(mission)[-1]
        return {kind: kinds[kind] for kind in once}, getattr(end, "outcome", end.kind)

    def files(self):
        """What the target holds: path -> blob."""
        rows = (row.split() for row in self.git("ls-tree", "-r", "main").splitlines())
        files = {row[3]: row[2] for row in rows}
        # a permission names the request, which says when: each life has its own
        own = [path for path in files if path.startswith("waivers/")]
        return {path: files[path] for path in files if path not in own} | {"waivers": len(own)}

    def refs(self):
        refs = self.git("for-each-ref", "--format=%(refname)").splitlines()
        return [ref for ref in refs if not ref.startswith(("refs/pawl/remote/", "refs/pawl/lost/"))]

    def pages(self):
        """What the pages tell that is no duration."""
        rows = (row.split() for row in self.git("ls-tree", "refs/heads/pawl/ledger").splitlines())
        names = ("INBOX.md", "QUEUE.md", "BLOCKED.md")
        return {row[3]: self.git("cat-file", "blob", row[2]) for row in rows if row[3] in names}

    def landings(self):
        line = self.git(
            "log",
            "--first-parent",
            "--reverse",
            "--format=%(trailers:key=Pawl-Mission,valueonly,separator=)",
            "main",
        )
        return [mission for mission in line.splitlines() if mission]

    def leftovers(self):
        """Files that nobody may leave: locks, marks of ours, temporary packs, workspaces."""
        names = ("**/*.lock", "pawl-index*", "**/tmp_*", "objects/pack/pawl-*", "refs/**/*.new")
        found = [path for name in names for path in self.gitdir.glob(name)]
        state = self.outside.state
        found += [*(state / "sandbox" / "runs").iterdir(), *state.glob("*.new")]
        loose = {
            path.relative_to(self.gitdir).as_posix()
            for path in self.gitdir.glob("refs/**/*")
            if path.is_file()
        }
        known = self.git("for-each-ref", "--format=%(refname)").splitlines()
        return [str(path) for path in found] + sorted(loose - set(known))

    def strays(self):
        """Processes that outlived the daemon: whoever lost its parent is a child of ours."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return []
            if pid == 0:
                return [_cmdline(child) for child in _children() if not _is_going(child)]


def _children():
    return [
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    ]


def _cmdline(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return b" ".join(words).decode(errors="replace")


def _is_going(pid):
    """Wait for a process that was killed; whoever goes on living was not."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    ended = bool(poller.poll(30_000))
    os.close(fd)
    return ended


@dataclass
class Whole:
    """What an undisturbed life comes to."""

    names: list[str]
    files: dict
    told: dict
    refs: list[str]
    landings: list[str] = field(default_factory=list)
    pages: dict = field(default_factory=dict)


@pytest.fixture(scope="session", autouse=True)
def subreaper():
    """Whatever a killed daemon leaves behind becomes a child of ours, and is seen."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.fixture(scope="session")
def signs():
    """A directory that an unprivileged builder reaches, unlike pytest's own; empty at first."""
    path = Path(tempfile.mkdtemp(prefix="signs-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    """Life -> a directory with house, config and state, ready to be copied."""
    made = {}
    return tmp_path_factory, made


@pytest.fixture
def copied(people, templates, tmp_path, signs, monkeypatch):
    """`copied(life)` is a house of that life, begun and not run yet."""
    factory, made = templates

    def copy(life, where="here"):
        template = made.get(life.name)
        if template is None:
            template = made[life.name] = factory.mktemp(life.name)
            _prepare(template, life, monkeypatch)
        root = tmp_path if where == "here" else tmp_path / where
        root.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", *template.iterdir(), root], check=True)
        monkeypatch.setenv("PAWL_CONFIG_DIR", str(root / "config"))
        monkeypatch.setenv("PAWL_STATE_DIR", str(root / "state"))
        host = root / "config" / "house" / "host.yaml"
        text = host.read_text()
        text = re.sub("^git_dir: .*$", f"git_dir: {root}/house/.git", text, flags=re.MULTILINE)
        host.write_text(text + f"mounts: [{signs}]\n")
        house = Faulty(root / "house", life=life, signs=signs)
        house.git("reset", "--quiet")
        if life.hub:
            subprocess.run(["git", "init", "-q", "--bare", "-b", "main", house.hub], check=True)
            keys = f"url: {house.hub}, fetch_s: 1, lease_s: 2, retry_s: 1, retry_max_s: 1"
            host.write_text(f"{host.read_text()}remote: {{{keys}}}\n")
        for sign in signs.iterdir():
            sign.unlink()
        life.wishes(house)
        if life.hub:
            house.publishes()
        return house

    return copy


def _prepare(template, life, monkeypatch):
    monkeypatch.setenv("PAWL_CONFIG_DIR", str(template / "config"))
    monkeypatch.setenv("PAWL_STATE_DIR", str(template / "state"))
    path = template / "house"
    path.mkdir()
    house = House(path)
    house.git("init", "--quiet", "-b", "main")
    house.commits({"README": "a house\n"}, "the beginning")
    place = open_place(path)

    def begin(*_):
        return Beginning(introduction(POLICY.encode()), {}, "")

    initialise(place, Person(place.gitdir, os.environ), "unsigned-local", begin, lambda *_: ())
    house.git("reset", "--hard", "--quiet")
    house.runs()  # so that what the sandbox found out about this host is copied too


@pytest.fixture(scope="session")
def wholes():
    return {}


@pytest.fixture
def alive(copied, wholes):
    """`alive(name)` is a house of that life, that knows what becomes of it undisturbed."""

    def begin(name, where="here"):
        life = BY_NAME[name]
        if name not in wholes:
            wholes[name] = _undisturbed(copied(life, where="undisturbed"))
        house = copied(life, where)
        house.whole = wholes[name]
        return house

    return begin


def _undisturbed(house):
    points = Points(house)
    standing = house.runs(point=points)
    if _is_stopped(standing):
        house.lives()
    missions = [path.stem for path in (house.path / "backlog").iterdir()]
    return Whole(
        points.names,
        house.files(),
        {mission: house.told_of(mission) for mission in missions},
        house.refs(),
        house.landings(),
        house.pages(),
    )


def _is_stopped(standing):
    return "stopping" in {rest.reason for rest in standing.rests.values()}


def _until_idle(it, house):
    standing = once(it)
    while not _is_stopped(standing) and house.life.answers(house):
        standing = once(it)
    while "elsewhere" in {rest.reason for rest in standing.rests.values()}:
        it.wake.wait(it.site.outside.host.remote.fetch_s)
        standing = once(it)
    return standing
