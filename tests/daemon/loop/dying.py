"""A daemon that is killed at its *k*-th crash point: `python dying.py GITDIR K [NAMES-FILE]`.

With K = 0 it lives, and writes the names of the points it passed. Killed by SIGKILL, so that no
`finally` of ours can tidy up.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from daemon.outside import find, roots
from daemon.serve import once, serving


class Points:
    """Counts crash points over all threads, and dies at one."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.names: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self.lock:
            self.names.append(name)
            if len(self.names) == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    points = Points(int(sys.argv[2]))
    with serving(find(Path(sys.argv[1]), roots(os.environ)), point=points) as served:
        once(served)
    if len(sys.argv) > 3:
        Path(sys.argv[3]).write_text("\n".join(points.names))


main()
