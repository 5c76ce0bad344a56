"""Egress from inside a real sandbox: tools that speak to a proxy reach what is listed, and no
trick reaches anything else."""

import contextlib
import os
import socket
import threading

import pytest

from daemon.sandbox.egress.proxy import Proxy
from daemon.sandbox.probes import Conforms, probe
from policy.egress import rules
from policy.host import EgressLimits

HERE = "127.0.0.1"
CLIENT = """
import socket, urllib.request, urllib.error
def get(url):
    try:
        return urllib.request.urlopen(url, timeout=20).read().decode()
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return type(getattr(error, "reason", error)).__name__
def reach(family, address):
    try:
        with socket.socket(family) as made:
            made.settimeout(10)
            made.connect(address)
            return "open"
    except OSError as error:
        return type(error).__name__
"""


@pytest.fixture
def far():
    """A server on the host's loopback that says `far`, at a port of its own."""
    listener = socket.create_server((HERE, 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                came, _ = listener.accept()
                with came, contextlib.suppress(OSError):
                    came.settimeout(20)
                    came.recv(65536)
                    came.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfar")

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def proxy(port, *, listed="listed.example"):
    async def here(_host, _port):
        return [HERE]

    place = f"{listed}:{port}"
    return Proxy(rules([place], [place, f"{HERE}:{port}"]), EgressLimits(), here)


def test_ordinary_programs_reach_a_listed_host_by_the_usual_variables(sandbox, far):
    made = sandbox.python(f"{CLIENT}\nprint(get('http://listed.example:{far}/'))", proxy=proxy(far))
    assert made.output.text == "far\n"
    (line,) = made.contacts
    assert (line.host, line.allowed, line.address) == ("listed.example", True, HERE)


def test_nothing_else_is_reached_with_a_proxy(sandbox, far):
    made = sandbox.python(
        f"""{CLIENT}
print(get('http://other.example:{far}/'))
print(get('http://localhost.example:{far}/'))
print(reach(socket.AF_INET, ('{HERE}', {far})))
print(reach(socket.AF_INET, ('10.0.0.1', {far})))
print(reach(socket.AF_INET6, ('::1', {far})))
print(reach(socket.AF_UNIX, '\\0pawl'))
""",
        proxy=proxy(far),
    )
    *denied, direct, away, six, named = made.output.text.split()
    assert denied == ["403", "403"]
    assert direct == "ConnectionRefusedError"
    assert away == "OSError"
    assert six != "open"
    assert named == "ConnectionRefusedError"
    assert [line.allowed for line in made.contacts] == [False, False]


def test_a_sandbox_without_egress_finds_no_proxy_not_even_that_of_another(sandbox, far):
    ready, go = threading.Event(), threading.Event()

    def hear(chunk):
        if b"ready" in chunk:
            ready.set()

    def other():
        with sandbox.running(
            "sh", "-c", "echo ready; sleep 1000", proxy=proxy(far), tap=hear, stop=go
        ):
            pass

    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert ready.wait(30)
        made = sandbox.python(
            f"{CLIENT}\nprint(reach(socket.AF_INET, ('{HERE}', 3128)))\n"
            f"import os; print([name for name in os.environ if 'proxy' in name.lower()])"
        )
    finally:
        go.set()
        thread.join()
    assert made.output.text == "ConnectionRefusedError\n[]\n"
    assert made.contacts == ()


def test_two_sandboxes_have_lists_of_their_own(sandbox, far):
    one = sandbox.python(
        f"{CLIENT}\nprint(get('http://b.example:{far}/'))", proxy=proxy(far, listed="a.example")
    )
    assert one.output.text == "403\n"


def test_the_daemons_sockets_are_out_of_reach(sandbox, far, tmp_path):
    """By path, by abstract name, and by descriptors that were left open."""
    path, abstract = str(tmp_path / "daemon.sock"), f"\0pawl-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as by_path, socket.socket(socket.AF_UNIX) as by_name:
        by_path.bind(path)
        by_path.listen()
        by_name.bind(abstract)
        by_name.listen()
        tmp_path.chmod(0o755)
        made = sandbox.python(
            f"""{CLIENT}
import os
print(reach(socket.AF_UNIX, {path!r}))
print(reach(socket.AF_UNIX, {abstract!r}))
print(sorted(int(fd) for fd in os.listdir('/proc/self/fd'))[:-1])
""",
            proxy=proxy(far),
        )
    assert made.output.text.splitlines() == [
        "FileNotFoundError", "ConnectionRefusedError", "[0, 1, 2]",
    ]  # fmt: skip


def test_a_sandbox_with_egress_is_no_weaker_otherwise(sandbox, far):
    script = """
grep -E '^(Seccomp|NoNewPrivs|CapEff|CapBnd):' /proc/self/status
id -u; ls /proc | grep -c '^[0-9]'; sed 1,2d /proc/net/dev | cut -d: -f1
ip link set lo down 2>&1 | tail -n 1; unshare --net true 2>&1 | tail -n 1
"""
    without, with_ = sandbox.sh(script), sandbox.sh(script, proxy=proxy(far))
    assert with_.output.text == without.output.text
    assert "Seccomp:\t2" in with_.output.text


def test_who_keeps_a_connection_open_dies_with_the_rest(sandbox, far, token, alive):
    made = sandbox.python(
        f"""{CLIENT}
import subprocess
kept = socket.create_connection(('{HERE}', 3128))
kept.sendall(b'GET http://listed')
subprocess.Popen(['sleep', '{token}'], start_new_session=True)
""",
        proxy=proxy(far),
    )
    assert made.ending.code == 0
    assert not alive(token)
    assert len(made.contacts) == 1


def test_the_probes_try_egress_where_the_host_file_allows_any(make_sandbox):
    made = make_sandbox(egress=("pypi.org:443",))
    assert isinstance(probe(made.box, made.host, made.state, made.launcher), Conforms)


def test_a_proxy_that_lets_everything_through_is_no_egress(make_sandbox, monkeypatch):
    monkeypatch.setattr("policy.egress.Rules.refusal", lambda *_: None)
    made = make_sandbox(egress=("pypi.org:443",))
    said = str(probe(made.box, made.host, made.state, made.launcher))
    assert "a host that is not allowed is reached" in said
    assert "an address that is not allowed is reached" in said
