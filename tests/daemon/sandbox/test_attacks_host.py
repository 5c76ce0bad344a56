"""A builder after the host: its files, its variables and descriptors, its users, its sockets."""

import os
import socket
from pathlib import Path

import pytest

from policy.bus.result import Exited


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
