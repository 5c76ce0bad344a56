"""Runs as a table tells them."""

import pytest

from policy.bus.result import Output
from policy.canonical import sha256
from policy.gates.reports import Report, Unreadable
from policy.gates.run import Run

STATES = {".": "passed", "F": "failed", "E": "error", "s": "skipped"}


@pytest.fixture
def run():
    def make(code=0, tests=None, *, text="", unread="", size=None):
        """`run(1, "a. bF")`: test `m::a` passed, `m::b` failed. None: no report was asked for."""
        reading = None
        if unread:
            reading = Unreadable(why=unread)
        elif tests is not None:
            reading = Report(cases={f"m::{one[:-1]}": STATES[one[-1]] for one in tests.split()})
        size = len(text.encode()) if size is None else size
        output = Output(head=text, tail="", size=size, sha256=sha256(text.encode()))
        return Run(code=code, output=output, reading=reading)

    return make
