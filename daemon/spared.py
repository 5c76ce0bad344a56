"""What a library would load and nothing here uses: a tenth of a daemon's start and memory.

The ways are python's own, a name that is None in `sys.modules` is not to be found and any module
there is what an import gets (language reference, "the module cache"), or the library's.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any


def absent(name: str) -> AbstractContextManager[None]:
    """Import what does without the package *name* as if that were not installed."""
    return _instead(name, None)


def hollow(name: str) -> AbstractContextManager[None]:
    """Import what demands the package *name*, and get by without anything in it, with none of it.

    What is imported keeps the empty one: whoever uses it after all meets `AttributeError`.
    """
    return _instead(name, ModuleType(name))


@contextmanager
def _instead(name: str, module: ModuleType | None) -> Iterator[None]:
    loaded: dict[str, Any] = sys.modules
    if name in loaded:
        yield
        return
    loaded[name] = module
    try:
        yield
    finally:
        del loaded[name]


def without_plugins() -> None:
    """Have pydantic load no plugins; it reads the metadata of all that is installed to find them.

    Nor may what else is installed change how a policy is read.
    """
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
