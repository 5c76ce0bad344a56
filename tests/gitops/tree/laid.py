"""A tree on disk, for tests: what is seen there, and what should be."""

import os
import stat
from pathlib import Path

FILES = {
    "a": b"1\n",
    "b/c/d": b"2\n",
    "b/run": (0o100755, b"#!/bin/sh\n"),
    "link": (0o120000, b"b/c"),
    "sub": (0o160000, "1" * 40),
    b"odd/\xff\nname": b"3\n",
    "empty": b"",
    "z": b"crlf\r\n",
    ".gitattributes": b"* text eol=lf filter=evil\n",
}


def seen(top):
    """Return path -> (type and rights, content) of everything but `.git`."""
    found = {}
    for where, folders, files in os.walk(os.fsencode(top)):
        if where == os.fsencode(top):
            folders[:] = [name for name in folders if name != b".git"]
        for name in folders + files:
            path = Path(os.fsdecode(where), os.fsdecode(name))
            mode = path.lstat().st_mode
            content = None
            if stat.S_ISLNK(mode):
                content = os.readlink(os.fsencode(path))  # noqa: PTH115  # bytes, not a path
            elif stat.S_ISREG(mode):
                content = path.read_bytes()
            found[os.fsencode(path.relative_to(top))] = (oct(mode), content)
    return found


def as_laid(files):
    """Return what `seen` should be."""
    wanted = {}
    for path, value in files.items():
        name = path if isinstance(path, bytes) else path.encode()
        mode, content = value if isinstance(value, tuple) else (0o100644, value)
        for at, byte in enumerate(name):
            if byte == ord("/"):
                wanted[name[:at]] = (oct(0o40755), None)
        wanted[name] = {
            0o100644: (oct(0o100644), content),
            0o100755: (oct(0o100755), content),
            0o120000: (oct(0o120777), content),
            0o160000: (oct(0o40755), None),
        }[mode]
    return wanted
