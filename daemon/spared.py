"""What a library would load and nothing here uses: a tenth of a daemon's start and memory.

The way is python's own: a name that is None in `sys.modules` is not to be found (language
reference, "the module cache").
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Import what does without the package *name* as if that were not installed."""
    loaded: dict[str, Any] = sys.modules
    if name in loaded:
        yield
        return
    loaded[name] = None
    try:
        yield
    finally:
        del loaded[name]
