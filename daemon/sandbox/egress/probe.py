"""Does egress hold? Asked from inside: only what is listed is reached, and only with a proxy.

A listener on the host's own loopback stands for the listed host, so no network is needed.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from daemon.sandbox.box import Box, Job, Overlay, Plain
from daemon.sandbox.bwrap import PROXY_PORT
from daemon.sandbox.egress.proxy import Proxy
from policy.bus.operation import Limits
from policy.bus.result import Exited
from policy.egress import rules
from policy.host import EgressLimits

_LISTED, _HERE = "listed.invalid", "127.0.0.1"
_SECRET = "reached"  # noqa: S105 - a word to recognise

_SCRIPT = r"""
say() { echo "$1=$2"; }
ask() { # port, target: what the proxy, or whoever listens there, answers a plain request
  exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET %s HTTP/1.1\r\n\r\n' "$2" >&3 && cat <&3
}
say listed "$( (ask "$PROXY" "http://$LISTED/") 2>&1 | tail -n 1)"
say other "$( (ask "$PROXY" "http://other.invalid:${LISTED#*:}/") 2>&1 | tail -n 1)"
say literal "$( (ask "$PROXY" "http://127.0.0.1:${LISTED#*:}/") 2>&1 | tail -n 1)"
say direct "$( (ask "${LISTED#*:}" /) 2>&1 | tail -n 1)"
"""
"""For bash, which most systems have in /usr, and which can open a connection by itself."""


@dataclass(frozen=True)
class Bait:
    """The listed host, as `host:port`."""

    place: str
    port: int

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        return (("LISTED", self.place), ("PROXY", str(PROXY_PORT)))

    def proxy(self) -> Proxy:
        async def here(_host: str, _port: int) -> list[str]:
            return [_HERE]

        listed = rules([self.place], [self.place, f"{_HERE}:{self.port}"])
        return Proxy(listed, EgressLimits(), here)


@contextmanager
def bait() -> Iterator[Bait]:
    """Yield a listener of the host's loopback that tells whoever reaches it so."""
    with socket.create_server((_HERE, 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener,), name="egress-bait")
        thread.start()
        try:
            port = listener.getsockname()[1]
            yield Bait(f"{_LISTED}:{port}", port)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _answer(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            came, _ = listener.accept()
            with came, contextlib.suppress(OSError):
                came.settimeout(EgressLimits().connect_s)
                came.recv(4096)
                came.sendall(f"HTTP/1.1 200 OK\r\n\r\n{_SECRET}".encode())


def egress_faults(box: Box, tree: Overlay | Plain, limits: Limits) -> Iterator[str]:
    """Yield what was found to be wrong, trying with a proxy and without."""
    with bait() as listed:
        for proxy in (listed.proxy(), None):
            job = Job(
                command=("bash", "-c", _SCRIPT),
                tree=tree,
                limits=limits,
                env=(*listed.env, ("PATH", "/usr/bin:/bin")),
                proxy=proxy,
            )
            with box.run(job) as ended:
                text = ended.output.text
                if not isinstance(ended.ending, Exited):
                    yield f"egress cannot be tried, which takes bash: {ended.ending} {text}"
                    continue
                said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
                for fault in _faults(said, proxied=proxy is not None):
                    yield f"{fault} (it said: {said})"


def _faults(said: dict[str, str], *, proxied: bool) -> Iterator[str]:
    """Yield what a sandbox, with the proxy or without, could do and must not, or the reverse."""
    if proxied and said.get("listed") != _SECRET:
        yield "a host that is allowed is not reached through the proxy"
    for what, words in (
        ("other", "a host that is not allowed"),
        ("literal", "an address that is not allowed"),
        ("direct", "the host itself"),
        *(() if proxied else (("listed", "an allowed host, without a proxy,"),)),
    ):
        if said.get(what, _SECRET) == _SECRET:
            yield f"{words} is reached from a sandbox"
