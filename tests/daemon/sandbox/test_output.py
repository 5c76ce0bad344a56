"""Output: head and tail within a bound, and the truth about the whole."""

import hashlib
from pathlib import Path

import pytest

from daemon.sandbox.output import Capture


@pytest.mark.parametrize("chunk", [1, 3, 7, 1000])
@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 19, 20, 21, 500])
def test_head_and_tail_are_those_of_the_whole(size, chunk):
    whole = bytes(ord("a") + n % 26 for n in range(size))
    capture = Capture(10)
    for start in range(0, size, chunk):
        capture.take(whole[start : start + chunk])
    output = capture.close()
    kept = output.head + output.tail
    assert (output.size, output.sha256) == (size, hashlib.sha256(whole).hexdigest())
    assert len(kept) == min(size, 10)
    assert whole.decode().startswith(output.head)
    assert whole.decode().endswith(output.tail)
    assert bool(output.tail) == (size > 10)


def test_what_is_no_text_is_replaced():
    capture = Capture(100)
    capture.take(b"a\xffb")
    assert capture.close().head == "a\ufffdb"


def test_a_full_disk_costs_the_copy_and_not_the_run():
    capture = Capture(10, spill=Path("/dev/full"), spill_bytes=100)
    capture.take(b"hello")
    assert capture.close().head == "hello"
