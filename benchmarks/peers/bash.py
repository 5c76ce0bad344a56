"""The bash loop of `loop.sh` on a repository of its own, with the same files as ours."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.frame.pairs import Side
from benchmarks.frame.peers import talking

_SCRIPT = Path(__file__).with_name("loop.sh")


@contextmanager
def bash_loop(place: Path, ours: Path, env: Mapping[str, str]) -> Iterator[Side]:
    """Yield a side that lands one change a call, in a clone of the repository *ours*."""
    path = place / "loop"
    clone = ["git", "clone", "--quiet", "--no-hardlinks", str(ours), str(path)]
    subprocess.run(clone, env=dict(env), check=True)
    subprocess.run(["git", "config", "gc.auto", "0"], cwd=path, env=dict(env), check=True)
    names = count(1)
    with talking(["/bin/bash", _SCRIPT, path], cwd=path, env=env, said=place / "loop.log") as peer:

        def land() -> float:
            start = time.perf_counter()
            peer.ask(f"B-{next(names)}")
            return time.perf_counter() - start

        yield land
