"""Does a sandbox of this host hold? Asked by trying to get out of one, at the daemon's start.

A sandbox that does not hold is not used: there is no way to run unsandboxed. Passed probes are
remembered (`probed`); failed ones are repeated.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from daemon.sandbox.box import Box, Job, Overlay, Plain
from daemon.sandbox.egress.probe import egress_faults
from daemon.sandbox.launcher.wire import receive
from daemon.sandbox.launching import Launcher, SandboxUnavailableError
from daemon.sandbox.probed import EngineName, Memory, key_of
from daemon.sandbox.settings import SandboxHost
from daemon.sandbox.waiting import Ended, output_pipe
from policy.bus.operation import Limits
from policy.bus.result import Exited

_MIB = 1024 * 1024
_LIMITS = Limits(
    wall_s=30.0, output_bytes=_MIB, memory_bytes=512 * _MIB, processes=24, open_files=256,
    file_bytes=8 * _MIB, scratch_bytes=8 * _MIB, scratch_inodes=1000, tmp_bytes=_MIB,
)  # fmt: skip
"""Of the probe itself: small, so that each limit is seen to hold."""

_SCRIPT = """
say() { echo "$1=$2"; }
say uid "$(id -u)"
say groups "$(id -G)"
say links "$(sed 1,2d /proc/net/dev | cut -d: -f1 | tr -d ' \\n')"
say seccomp "$(sed -n 's/^Seccomp:[[:space:]]*//p' /proc/self/status)"
say privileges "$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)"
say canary "$(cat "$CANARY" 2>/dev/null)"
echo changed > seen
echo new > made
say userns "$(unshare --user true 2>/dev/null && echo open)"
say mounting "$(mount -t tmpfs none /tmp 2>/dev/null && echo open)"
say root "$( (touch /made || touch /dev/made || touch /usr/made) 2>/dev/null && echo open)"
dd if=/dev/zero of=/tmp/big bs=65536 count=64 2>/dev/null
say tmp "$(wc -c < /tmp/big)"
rm /tmp/big
fork_on() { i=0; while [ $i -lt 60 ]; do sleep 3 > /dev/null & i=$((i+1)); done; }
say forks "$( (fork_on) 2>/dev/null; echo $?)"
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why no sandbox can be used here, and what the host's operator does about it."""

    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.what}; {self.fix}"


@dataclass(frozen=True, slots=True)
class Conforms:
    engine: EngineName


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Missions wait and health is red until every one of *problems* is gone."""

    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "no sandbox: " + ". ".join(str(problem) for problem in self.problems)


Isolation = Conforms | Unavailable


def probe(box: Box, host: SandboxHost, state: Path, launcher: Launcher) -> Isolation:
    """Say whether and with which engine sandboxes hold. *box* must be prepared.

    `auto` takes the overlay where it works, else the copy; both leave the same trees.
    """
    if problems := tuple(_missing(host)):
        return Unavailable(problems)
    memory = Memory(state / "probes.json", key_of(host))
    if (known := memory.engine()) is not None:
        return Conforms(known)
    wanted: dict[str, tuple[EngineName, ...]] = {
        "auto": ("bwrap-overlay", "bwrap-copy"),
        "overlay": ("bwrap-overlay",),
        "copy": ("bwrap-copy",),
    }
    found: tuple[Problem, ...] = ()
    for engine in wanted[host.engine]:
        found = tuple(_try(engine, box, host, state, launcher))
        if not found:
            memory.keep(engine)
            return Conforms(engine)
    return Unavailable(found)


def _missing(host: SandboxHost) -> Iterator[Problem]:
    """Name what can be seen to be missing without trying."""
    if os.geteuid() == 0 and host.builder is None:
        yield Problem(
            "the daemon is root and the host file names no builder",
            "set `builder: {uid: N, gid: N}` in the host file to numbers that own nothing else",
        )
    if not os.access(host.bwrap, os.X_OK):
        yield Problem(f"{host.bwrap} is not there", "apt install bubblewrap")
    for mount in host.mounts:
        if not mount.exists():
            yield Problem(f"`mounts` names {mount}, which is not there", "correct the host file")
    for setting, bad, fix in (
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"),
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ):
        with suppress(OSError):
            if Path("/proc/sys", setting).read_text().strip() == bad:
                yield Problem(f"user namespaces are off ({setting} = {bad})", fix)


def _try(
    engine: EngineName, box: Box, host: SandboxHost, state: Path, launcher: Launcher
) -> Iterator[Problem]:
    try:
        with _canary(state) as (canary, secret), _tree(engine, box, host) as tree:
            job = Job(
                command=("sh", "-c", _SCRIPT),
                tree=tree,
                limits=_LIMITS,
                env=(("CANARY", str(canary)), ("PATH", "/usr/bin:/bin")),
            )
            with box.run(job) as ended:
                yield from _judge(ended, host, secret, tree)
            if host.egress:
                yield from _egress(box, tree)
            yield from _dies_with_launcher(box, job, launcher)
    except SandboxUnavailableError as error:
        yield Problem(str(error), "apt install libseccomp2")
    except OSError as error:
        yield Problem(f"probing in {state}: {error}", "give the daemon its state directory")


@contextmanager
def _canary(state: Path) -> Iterator[tuple[Path, str]]:
    """Yield a file that anybody on the host can read, and its content."""
    secret, canary = os.urandom(8).hex(), state / "canary"
    canary.write_text(secret)
    try:
        yield canary, secret
    finally:
        canary.unlink()


@contextmanager
def _tree(engine: EngineName, box: Box, host: SandboxHost) -> Iterator[Overlay | Plain]:
    with box.workspaces.fresh() as directory:
        tree = directory / "tree"
        (tree / "seen").write_text("base")
        if host.builder:
            os.chown(tree / "seen", host.builder.uid, host.builder.gid)
        yield Overlay((tree,)) if engine == "bwrap-overlay" else Plain(tree)


def _judge(
    ended: Ended, host: SandboxHost, secret: str, tree: Overlay | Plain
) -> Iterator[Problem]:
    if not isinstance(ended.ending, Exited) or ended.upper is None:
        yield _not_started(f"{ended.ending} {ended.output.text}".strip())
        return
    said = dict(line.split("=", 1) for line in ended.output.text.splitlines() if "=" in line)
    isolated = {
        "the builder is nobody inside": said.get("uid") == "65534",
        "it is in no host group": said.get("groups") == "65534",
        "it has no network but its own loopback": said.get("links") == "lo",
        "system calls are filtered": said.get("seccomp") == "2",
        "it has no privileges": said.get("privileges", "?").strip("0") == "",
        "the host's files are invisible": secret not in ended.output.text,
        "it makes no user namespace": said.get("userns") == "",
        "it mounts nothing": said.get("mounting") == "",
        "it writes only to its work tree": said.get("root") == "",
        "its temporary folder has a size": 0 < int(said.get("tmp") or 0) <= _LIMITS.tmp_bytes,
        "processes are limited": said.get("forks", "0") != "0",
        "the daemon reads what it left, made by the builder": _left(ended.upper, host, tree),
    }
    for what, holds in isolated.items():
        if not holds:
            yield Problem(
                f"probe failed: that {what} could not be shown (it said: {said})",
                "this host's kernel or bwrap does not isolate; use another host, "
                "and report it with the output of `pawl doctor`",
            )


def _egress(box: Box, tree: Overlay | Plain) -> Iterator[Problem]:
    fix = "remove `egress` from the host file, and report it with the output of `pawl doctor`"
    for fault in egress_faults(box, tree, _LIMITS):
        yield Problem(f"probe failed: {fault}", fix)


def _left(upper: int, host: SandboxHost, tree: Overlay | Plain) -> bool:
    """Real root was never mapped: what the builder made belongs to the builder on the host."""
    directory = upper if isinstance(tree, Overlay) else os.open(tree.directory, os.O_RDONLY)
    try:
        owner = host.builder.uid if host.builder else os.geteuid()
        made = os.stat("made", dir_fd=directory)
        changed = os.stat("seen", dir_fd=directory)
        return 0 != owner == made.st_uid == changed.st_uid and changed.st_size == len("changed\n")
    except OSError:
        return False
    finally:
        if directory != upper:
            os.close(directory)


def _dies_with_launcher(box: Box, job: Job, launcher: Launcher) -> Iterator[Problem]:
    """Kill the launcher under a sleeping sandbox. The next run starts another launcher."""
    read_end, write_end = output_pipe()
    try:
        asleep = Job(command=("sleep", "1000"), tree=job.tree, limits=job.limits, env=job.env)
        with box.workspaces.fresh() as scratch:
            request = box.request(asleep, [], scratch)
            with closing(launcher.submit(request, write_end)) as run:
                init = None
                while init is None and (message := receive(run)):
                    if message[0] == "running":
                        init = message[2][0]
                    else:
                        _close(message[2])
                os.kill(launcher.pid, signal.SIGKILL)
                if init is None or not _ends(init):
                    yield Problem("sandboxes outlive their parent", "use another kernel or bwrap")
    finally:
        os.close(read_end)
        os.close(write_end)


def _ends(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(_LIMITS.wall_s * 1000))
    finally:
        os.close(pidfd)


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def _not_started(why: str) -> Problem:
    what = f"a sandbox did not start: {why}"
    if "overlay" in why or "mount tmpfs" in why:
        return Problem(
            what,
            "overlays on memory need Linux 6.6 or later, overlays at all 5.11: set "
            "`scratch: disk` or `engine: copy` in the host file",
        )
    if "unshare" in why or "uid_map" in why or "namespace" in why:
        return Problem(what, "allow user namespaces: sysctl -w user.max_user_namespaces=15000")
    if "proc" in why:
        return Problem(what, "in a container, start it with an unmasked /proc")
    return Problem(what, "see the message; `bwrap --version` must be 0.8 or later")
