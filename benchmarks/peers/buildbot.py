"""Buildbot on SQLite: a master and a worker, told of a change by its hook, running one step."""

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.frame.bench import Bench
from benchmarks.frame.pairs import Side
from benchmarks.frame.peers import PeerFailedError, installed
from benchmarks.frame.waiting import until

_CONFIGURATION = Path(__file__).with_name("buildbot_master.py")
_START_S = 90


@contextmanager
def buildbot(bench: Bench, place: Path) -> Iterator[Side]:
    """Yield a side: from the change hook's request to the end of the build, in seconds."""
    programs = installed(bench.cache, "buildbot") / "bin"
    said = place / "said"
    said.touch()
    www, pb = _free_port(), _free_port()
    env = {
        "PATH": f"{programs}:{os.environ.get('PATH', '')}",
        "HOME": str(place),
        "PEER_SAYS": str(said),
        "PEER_WWW": str(www),
        "PEER_PB": str(pb),
    }
    _made(programs, place, env, pb)
    with ExitStack() as stack:
        for program, folder in (("buildbot", "master"), ("buildbot-worker", "worker")):
            argv: list[str | Path] = [programs / program, "start", "--nodaemon", place / folder]
            stack.enter_context(_running(argv, env, place / f"{folder}.log"))
        until(lambda: "worker" in said.read_text(), _START_S, "Buildbot's worker connects")
        yield lambda: _build(www, said)


def _made(programs: Path, place: Path, env: dict[str, str], pb: int) -> None:
    master, worker = place / "master", place / "worker"
    address = f"127.0.0.1:{pb}"
    for argv in (
        ["buildbot", "create-master", "--quiet", str(master)],
        ["buildbot-worker", "create-worker", str(worker), address, "one", "secret"],
    ):
        program = str(programs / argv[0])
        subprocess.run([program, *argv[1:]], env=env, check=True, capture_output=True)
    shutil.copy(_CONFIGURATION, master / "master.cfg")


@contextmanager
def _running(argv: list[str | Path], env: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _build(port: int, said: Path) -> float:
    before = said.stat().st_size
    body = urlencode({"branch": "main", "revision": "1" * 40, "author": "Ada", "comments": "go"})
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    start = time.time_ns()
    hook = http.client.HTTPConnection("127.0.0.1", port)
    hook.request("POST", "/change_hook/base", body, head)
    answer = hook.getresponse()
    if answer.status != http.HTTPStatus.OK:
        raise PeerFailedError(f"Buildbot's change hook said {answer.status} {answer.read()!r}")
    hook.close()
    until(lambda: said.stat().st_size > before, 60, "Buildbot's build ends")
    _, results, at = said.read_text()[before:].split()[:3]
    if results != "0":
        raise PeerFailedError(f"Buildbot's build ended with {results}")
    return (int(at) - start) / 1e9


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
