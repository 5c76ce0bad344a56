"""Outputs, and the tools' own as they were recorded (`record.py`)."""

from pathlib import Path

import pytest

from policy.bus.result import Output
from policy.canonical import sha256

RECORDED = Path(__file__).parent / "recorded"


def printed(text, tail=""):
    size = len((text + tail).encode("utf-8", "surrogateescape"))
    return Output(head=text, tail=tail, size=size, sha256=sha256(b""))


@pytest.fixture
def recorded():
    """`recorded("pytest-assertion")` is the exit and the output."""

    def read(name):
        head, _, text = (RECORDED / f"{name}.txt").read_text(encoding="utf-8").partition("\n\n")
        return int(head.rpartition("exit: ")[2]), printed(text)

    return read
