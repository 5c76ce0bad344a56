"""What a library would load and nothing here uses: a tenth of a daemon's start and memory.

The ways are python's own, a name that is None in `sys.modules` is not to be found (language
reference, "the module cache"), or the library's.
"""

import os
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


def without_plugins() -> None:
    """Have pydantic load no plugins; it reads the metadata of all that is installed to find them.

    Nor may what else is installed change how a policy is read.
    """
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
