"""Folders for a moment, outside the repository, named by the process they belong to.

A kill leaves them behind; the name is what tells a later start that nobody uses them any more.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitops import processes

_NAME = re.compile(r"pawl-([0-9]+)-\w+")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder of mode 0700; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"pawl-{os.getpid()}-") as folder:
        yield Path(folder)


def sweep() -> None:
    """Remove folders whose process is gone; what cannot be removed is left to its owner."""
    for path in Path(tempfile.gettempdir()).glob("pawl-*"):
        found = _NAME.fullmatch(path.name)
        gone = found is not None and not processes.is_alive(int(found[1]))
        if gone and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
