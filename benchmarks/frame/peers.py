"""The peers: each in a virtual environment of its own, with exactly the packages of its lock file.

They are asked over their standard input, a line a request and a line an answer, so that starting
them is no part of what is measured.
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_LOCKS = Path(__file__).parents[1] / "requirements"


class PeerFailedError(Exception):
    """A peer ended or answered what it should not; the message holds its own last words."""


def installed(cache: Path, name: str) -> Path:
    """Return the virtual environment of the peer *name*, made where it is not there yet."""
    lock = _LOCKS / f"{name}.lock"
    want = hashlib.sha256(lock.read_bytes()).hexdigest()
    place = cache / name
    stamp = place / "made-from"
    if stamp.is_file() and stamp.read_text() == want:
        return place
    subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, "install", "-qq", "--require-hashes", "-r", lock], check=True)
    stamp.write_text(want)
    return place


class Peer:
    """A process that answers each line with one line."""

    def __init__(self, process: "subprocess.Popen[str]", said: Path) -> None:
        self._process, self._said = process, said

    def ask(self, line: str) -> str:
        """Return the answer; raise `PeerFailedError` where there is none."""
        wanted, answers = self._process.stdin, self._process.stdout
        assert wanted is not None
        assert answers is not None
        try:
            wanted.write(f"{line}\n")
            wanted.flush()
        except BrokenPipeError:
            pass
        answer = answers.readline()
        if not answer:
            last = self._said.read_text(errors="replace")[-2000:]
            raise PeerFailedError(f"asked {line!r}, it ended without an answer; it said: {last}")
        return answer.rstrip("\n")


@contextmanager
def talking(
    argv: list[str | Path], *, cwd: Path, env: Mapping[str, str], said: Path
) -> Iterator[Peer]:
    """Run *argv* for as long as the `with` lasts; its stderr goes to the file *said*."""
    with (
        said.open("w") as errors,
        subprocess.Popen(
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield Peer(process, said)
        finally:
            process.kill()
