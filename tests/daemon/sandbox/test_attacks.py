"""A builder that wants out: each attack is seen to fail, by a canary that would have shown it."""

import contextlib
import os
import platform
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from policy.bus.result import Exited, Killed, NotStarted, TimedOut

X86 = platform.machine() == "x86_64"


def test_the_builder_is_nobody_in_no_group_with_no_privileges(sandbox):
    said = sandbox.sh("id; grep -E '^(CapEff|CapBnd|Seccomp|NoNewPrivs):' /proc/self/status")
    assert said.output.text.split() == [
        "uid=65534(nobody)", "gid=65534(nogroup)", "groups=65534(nogroup)",
        "CapEff:", "0" * 16, "CapBnd:", "0" * 16,
        "NoNewPrivs:", "1", "Seccomp:", "2",
    ]  # fmt: skip


def test_what_it_writes_belongs_to_the_builder_on_the_host(sandbox):
    with sandbox.running("sh", "-c", "echo x > made") as ended:
        owner = os.stat("made", dir_fd=ended.upper).st_uid
    assert owner == (sandbox.host.builder.uid if sandbox.host.builder else os.geteuid())
    assert owner != 0


def test_no_descriptor_of_the_daemon_or_launcher_is_inside(sandbox):
    said = sandbox.sh("for fd in /proc/self/fd/*; do readlink $fd; done")
    kinds = {line.partition(":")[0] for line in said.output.text.splitlines()}
    assert kinds == {"/dev/null", "pipe"}


def test_the_exit_code_is_not_forged_through_the_init_that_reports_it(sandbox):
    ended = sandbox.python(
        """
        import ctypes, os, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        for path in ("/proc/1/mem", "/proc/1/task/1/mem", "/proc/1/fd", "/proc/2/task/1/mem"):
            print(os.path.exists(path))
        init = os.pidfd_open(1)
        for fd in range(64):
            got = libc.syscall(438, init, fd, 0)
            if got >= 0: os.write(got, struct.pack("Q", 1))
            else: assert ctypes.get_errno() == 1, ctypes.get_errno()
        sys.exit(3)
        """
    )
    assert ended.output.text.split() == ["False"] * 4
    assert ended.ending == Exited(code=3)


def test_no_variable_of_the_daemon_is_inside(sandbox, monkeypatch):
    monkeypatch.setenv("PAWL_CANARY", "canary-value")
    said = sandbox.sh("env; cat /proc/*/environ | tr '\\0' '\\n'")
    assert "canary-value" not in said.output.text
    names = {line.partition("=")[0] for line in said.output.text.splitlines()}
    assert names == {"HOME", "LANG", "USER", "PATH", "PWD"}


def test_no_host_file_is_read(sandbox, canary):
    secret = canary.read_text()
    said = sandbox.sh(
        f"cat {canary} /proc/1/root{canary} /proc/self/root{canary} /etc/shadow;"
        f"ls / /root /home /var; find / -xdev -name canary -exec cat {{}} +"
    )
    assert secret not in said.output.text
    assert sandbox.sh("ls /").output.text.split() == sorted(
        [link.name for link in map(Path, sandbox.box._links)]
        + ["dev", "etc", "mission", "proc", "report", "tmp", "usr"]
        + [str(mount).split("/")[1] for mount in sandbox.host.mounts]
    )


def test_no_host_file_is_written(sandbox, canary):
    secret = canary.read_text()
    said = sandbox.sh(
        f"echo gone > {canary}; mkdir -p {canary.parent}; ln -s {canary} link; echo gone > link;"
        "for d in / /usr /etc /dev /usr/bin; do touch $d/made && echo wrote $d; done"
    )
    assert canary.read_text() == secret
    assert "wrote" not in said.output.text


def test_the_root_and_dev_hold_nothing_a_builder_could_fill(sandbox):
    said = sandbox.sh("grep -E ' (/|/dev) tmpfs ' /proc/self/mounts")
    assert {line.split()[3].split(",")[0] for line in said.output.text.splitlines()} == {"ro"}


@pytest.fixture
def listening():
    """Canaries of the host: a TCP port and an abstract unix name."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix,
    ):
        name = f"pawl-canary-{os.getpid()}"
        unix.bind(f"\0{name}")
        unix.listen()
        yield tcp.getsockname()[1], name


def test_the_host_is_not_reached_over_any_socket(sandbox, listening):
    port, name = listening
    said = sandbox.python(
        f"""
        import socket
        def reach(family, kind, address):
            try:
                with socket.socket(family, kind) as s:
                    s.settimeout(3)
                    s.connect(address)
                    print("reached", address)
            except OSError as error:
                print("no", type(error).__name__)
        reach(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {port}))
        reach(socket.AF_INET, socket.SOCK_STREAM, ("1.1.1.1", 53))
        reach(socket.AF_INET, socket.SOCK_DGRAM, ("1.1.1.1", 53))
        reach(socket.AF_INET6, socket.SOCK_STREAM, ("2606:4700:4700::1111", 53))
        reach(socket.AF_UNIX, socket.SOCK_STREAM, "\\0{name}")
        print(*(n for _, n in socket.if_nameindex()))
        """
    )
    *tried, links = said.output.text.splitlines()
    assert len(tried) == 5
    assert all(line.startswith("no ") for line in tried)
    assert links == "lo"


def test_loopback_and_socket_pairs_work_for_ordinary_tests(sandbox):
    said = sandbox.python(
        """
        import multiprocessing, socket
        a, b = socket.socketpair()
        a.send(b"pair"); print(b.recv(9).decode())
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname()): print("loopback")
        with multiprocessing.Pool(2) as pool: print(sum(pool.map(abs, [-1, -2])))
        """
    )
    assert said.output.text.split() == ["pair", "loopback", "3"]


@pytest.mark.parametrize("high", [0, 1 << 32], ids=["plain", "with a high bit"])
def test_other_socket_families_are_refused(sandbox, high):
    said = sandbox.python(
        f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        number = {{"x86_64": 41, "aarch64": 198}}["{platform.machine()}"]
        def socket(family, protocol=0):
            wide = ctypes.c_long
            fd = libc.syscall(wide(number), wide(family + {high}), wide(2), wide(protocol + {high}))
            return "open" if fd >= 0 else ctypes.get_errno()
        print({{family: socket(family) for family in (16, 17, 38, 40, 44)}}, socket(16, 9))
        """
    )
    # packet, alg, vsock, xdp; netlink is open for routing, not for audit
    assert said.output.text.strip() == "{16: 'open', 17: 1, 38: 1, 40: 1, 44: 1} 1"


def test_no_namespace_is_made_and_nothing_mounted(sandbox):
    said = sandbox.python(
        f"""
        import ctypes, errno, os
        libc = ctypes.CDLL(None, use_errno=True)
        def call(*numbers):
            wide = [ctypes.c_long(n) for n in numbers]
            answer = libc.syscall(*wide)
            if answer == 0 and numbers[0] in (56, 220): os._exit(9)
            return "done" if answer >= 0 else errno.errorcode[ctypes.get_errno()]
        x86 = {X86}
        clone, unshare, setns, mount = (56, 272, 308, 165) if x86 else (220, 97, 268, 40)
        print([call(clone, flag | 17, 0, 0, 0, 0) for flag in (0x20000, 0x10000000, 0x40000000)])
        print([call(unshare, flag) for flag in (0x80, 0x20000, 0x10000000, 0x20000000)])
        print(call(435, 0, 0), call(setns, 0, 0), call(mount, 0, 0, 0, 0, 0), call(425, 1, 0))
        """
    )
    assert said.output.text.splitlines() == [
        str(["EPERM"] * 3),
        str(["EPERM"] * 4),
        "ENOSYS EPERM EPERM ENOSYS",
    ]


def test_nothing_is_typed_into_a_terminal(sandbox):
    said = sandbox.python(
        """
        import fcntl
        for request in (0x5412, 0x541C, 0x5412 | 1 << 32):
            try: fcntl.ioctl(0, request & 0xFFFFFFFF, b"x"); print("typed")
            except OSError as error: print(error.errno)
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ioctl(0, ctypes.c_ulong(0x5412 | 1 << 32), b"x"); print(ctypes.get_errno())
        """
    )
    assert said.output.text.split() == ["1"] * 4


@pytest.mark.skipif(not X86, reason="int 0x80 is an x86 matter: there is no such way in here")
def test_a_32_bit_system_call_kills_its_caller(sandbox):
    ended = sandbox.python(
        """
        import ctypes, mmap
        code = mmap.mmap(-1, 4096, prot=7)
        code.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")  # getpid by int 0x80
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
        print("answered", call(), flush=True)
        """
    )
    assert ended.ending == Killed(signal=signal.SIGSYS)
    assert "answered" not in ended.output.text


def test_killing_everything_kills_only_itself(sandbox):
    ended = sandbox.sh(f"kill -9 {os.getpid()} {sandbox.launcher.pid}; kill -9 1; kill -9 -1")
    assert isinstance(ended.ending, Killed | Exited)
    assert sandbox.sh("echo next").output.text == "next\n"


def test_nobody_survives_the_command(sandbox, token, alive):
    ended = sandbox.sh(f"(setsid sh -c '(sleep {token} &)' &); (trap '' TERM HUP; sleep {token}) &")
    assert ended.ending == Exited(code=0)
    assert not alive(token)


def test_a_fork_bomb_meets_its_limit_and_the_next_run_does_not(sandbox, token, alive):
    script = f"n=0; while sleep {token} & do n=$((n+1)); [ $n -gt 500 ] && exit 7; done"
    ended = sandbox.sh(script, limits=sandbox.limits(processes=20))
    assert ended.ending not in (Exited(code=0), Exited(code=7))
    assert not alive(token)
    assert sandbox.sh("true").ending == Exited(code=0)


def test_two_runs_do_not_share_a_process_limit(sandbox):
    said = []
    few = sandbox.limits(processes=12)
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 0.5 & done; wait; echo all"

    def run():
        said.append(sandbox.sh(script, limits=few).output.text)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["all\n"] * 3


def test_a_gigabyte_of_output_is_counted_and_not_kept(sandbox):
    ended = sandbox.sh("echo first; head -c 1000000000 /dev/zero; echo; echo last")
    assert ended.ending == Exited(code=0)
    assert ended.output.size == len("first\n") + 1_000_000_000 + len("\nlast\n")
    assert len(ended.output.head) + len(ended.output.tail) == 64 * 1024
    assert ended.output.head.startswith("first\n")
    assert ended.output.tail.endswith("\nlast\n")


def test_a_sparse_file_over_the_limit_is_refused(sandbox):
    ended = sandbox.sh("truncate -s 1T big; stat -c %s big; dd if=/dev/zero of=b2 bs=1M count=9")
    assert ended.ending == Killed(signal=signal.SIGXFSZ)


@pytest.mark.parametrize("place", ["/mission", "/report", "/tmp", "/dev/shm"])
def test_no_place_is_filled_beyond_its_size(sandbox, place):
    ended = sandbox.sh(f"for i in 1 2 3 4; do head -c 7M /dev/zero > {place}/$i || exit 3; done")
    assert ended.ending == Exited(code=3)
    assert "No space left" in ended.output.text


def test_files_without_end_meet_a_limit(sandbox):
    ended = sandbox.sh("i=0; while [ $i -lt 5000 ]; do : > f$i || exit 3; i=$((i+1)); done")
    assert ended.ending in (Exited(code=3), Exited(code=2))


def test_memory_meets_its_limit(sandbox):
    ended = sandbox.python("x = bytearray(600 << 20); print(len(x))")
    assert "MemoryError" in ended.output.text


def test_reserving_address_space_is_not_using_memory(sandbox):
    said = sandbox.python(
        """
        import ctypes
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        size = ctypes.c_size_t(1 << 40)
        print(libc.mmap(None, size, 0, 0x4022, -1, 0) != ctypes.c_void_p(-1).value)
        """
    )
    assert said.output.text == "True\n"


def test_no_core_is_dumped(sandbox):
    ended = sandbox.sh("ulimit -c; kill -SEGV $$")
    assert ended.ending == Killed(signal=signal.SIGSEGV)
    assert ended.output.text == "0\n"


def test_signals_are_as_a_program_expects_them(sandbox):
    ended = sandbox.sh("yes | head -1; grep SigIgn /proc/self/status")
    said, _, ignored = ended.output.text.split()
    assert said == "y"
    # The C library keeps 32 and 33 for itself and lets nobody set them: what started us decides.
    settable = sum(1 << number - 1 for number in signal.valid_signals())
    assert int(ignored, 16) & settable == 0


def test_input_is_empty_and_there_is_no_terminal(sandbox):
    said = sandbox.sh("cat; tty; (exec < /dev/tty) 2>&1; ps -o tty= -p $$")
    assert "not a tty" in said.output.text


def test_a_command_cannot_pose_as_one_that_never_ran(sandbox):
    ended = sandbox.sh("echo 'bwrap: execvp x: No such file or directory'; exit 1")
    assert ended.ending == Exited(code=1)


def test_a_file_that_is_no_program_is_a_missing_tool(sandbox):
    with sandbox.running("./seen") as ended:
        assert isinstance(ended.ending, NotStarted)
        assert ended.ending.cause == "tool_missing"


def test_silence_and_length_have_limits(sandbox):
    idle = sandbox.sh("echo a; sleep 1000", limits=sandbox.limits(idle_s=0.3))
    assert idle.ending == TimedOut(limit="idle", seconds=0.3)
    talk = "while sleep 0.05; do echo a; done"
    wall = sandbox.sh(talk, limits=sandbox.limits(idle_s=30.0, wall_s=0.5))
    assert wall.ending == TimedOut(limit="wall", seconds=0.5)


def test_a_killed_command_is_killed(sandbox, token, pids):
    def kill(_said):
        (pid,) = set(pids(token)) - set(_bwraps(pids(token)))
        os.kill(pid, signal.SIGKILL)

    with sandbox.running("sh", "-c", "echo go; exec sleep $0", token, tap=kill) as ended:
        assert ended.ending == Killed(signal=signal.SIGKILL)


@pytest.mark.parametrize("who", ["bwrap", "launcher"])
def test_a_killed_sandbox_is_killed_and_empty(sandbox, token, pids, alive, who):
    def kill(_said):
        victims = {"launcher": [sandbox.launcher.pid], "bwrap": _bwraps(pids(token))}
        for pid in victims[who]:
            with contextlib.suppress(ProcessLookupError):  # the one before took it along
                os.kill(pid, signal.SIGKILL)

    script = f"(setsid sleep {token} &); echo half > half; echo go; sleep {token}"
    with sandbox.running("sh", "-c", script, token, tap=kill) as ended:
        assert ended.ending == Killed(signal=signal.SIGKILL)
        assert not alive(token)
        assert [entry.name for entry in os.scandir(ended.upper)] == ["half"]
    assert sandbox.sh("echo next").output.text == "next\n"


def _bwraps(pids):
    return [pid for pid in pids if b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes()[:20]]


DAEMON = """
import sys
sys.path[:0] = {path}
from pathlib import Path
from daemon.sandbox.box import Box, Job, Overlay
from daemon.sandbox.launching import Launcher
from daemon.sandbox.settings import Builder, SandboxHost
from policy.bus.operation import Limits
from policy.host import EgressLimits
host = {host}
box = Box(host, Path({state!r}), Launcher())
box.prepare()
tree = Overlay((Path({base!r}),))
with box.run(Job(command=("sleep", {token!r}), tree=tree, limits=host.ceilings)):
    pass
"""


def test_sandboxes_die_with_a_killed_daemon(sandbox, token, alive, pids, tmp_path):
    program = DAEMON.format(
        path=sys.path,
        host=repr(sandbox.host).replace("PosixPath", "Path"),
        state=str(tmp_path),
        base=str(sandbox.base),
        token=token,
    )
    with subprocess.Popen([sys.executable, "-c", program]) as daemon:
        try:
            while not (asleep := set(pids(token)) - set(_bwraps(pids(token)))):
                assert daemon.poll() is None
            pidfd = os.pidfd_open(asleep.pop())
        finally:
            daemon.kill()
    dead, _, _ = select.select([pidfd], [], [], 30)
    os.close(pidfd)
    assert dead
    deadline = time.monotonic() + 30  # bwrap itself, outside the sandbox, may end a little later
    while alive(token) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(token)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's daemon is what is tested already")
def test_all_of_this_holds_for_the_daemon_of_an_ordinary_user():
    """The same tests again, as another user, with a Python that this user can read."""
    user = 60603
    site = Path(pytest.__file__).parents[1]
    python = sys.executable if _is_readable(sys.executable, user) else "/usr/bin/python3"
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, user, user)
        options = ["-q", "-x", "-p", "no:cacheprovider", f"--basetemp={home}/t"]
        done = subprocess.run(
            [python, "-m", "pytest", *options, __file__],
            user=user,
            group=user,
            extra_groups=[],
            cwd=Path(__file__).parents[3],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(site),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed, 1 skipped" in done.stdout


def _is_readable(path, user):
    command = [path, "-c", ""]
    try:
        done = subprocess.run(command, user=user, group=user, extra_groups=[], check=False)
    except PermissionError:
        return False
    return done.returncode == 0
