"""A builder without measure: processes, output, files, memory and time meet their limits."""

import signal
import threading

import pytest

from policy.bus.result import Exited, Killed, TimedOut


def test_a_fork_bomb_meets_its_limit_and_the_next_run_does_not(sandbox, token, alive):
    script = f"n=0; while sleep {token} & do n=$((n+1)); [ $n -gt 500 ] && exit 7; done"
    ended = sandbox.sh(script, limits=sandbox.limits(processes=20))
    assert ended.ending not in (Exited(code=0), Exited(code=7))
    assert not alive(token)
    assert sandbox.sh("true").ending == Exited(code=0)


def test_two_runs_do_not_share_a_process_limit(sandbox):
    said = []
    few = sandbox.limits(processes=12)
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 0.5 & done; wait; echo all"

    def run():
        said.append(sandbox.sh(script, limits=few).output.text)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["all\n"] * 3


def test_a_gigabyte_of_output_is_counted_and_not_kept(sandbox):
    ended = sandbox.sh("echo first; head -c 1000000000 /dev/zero; echo; echo last")
    assert ended.ending == Exited(code=0)
    assert ended.output.size == len("first\n") + 1_000_000_000 + len("\nlast\n")
    assert len(ended.output.head) + len(ended.output.tail) == 64 * 1024
    assert ended.output.head.startswith("first\n")
    assert ended.output.tail.endswith("\nlast\n")


def test_a_sparse_file_over_the_limit_is_refused(sandbox):
    ended = sandbox.sh("truncate -s 1T big; stat -c %s big; dd if=/dev/zero of=b2 bs=1M count=9")
    assert ended.ending == Killed(signal=signal.SIGXFSZ)


@pytest.mark.parametrize("place", ["/mission", "/report", "/tmp", "/dev/shm"])
def test_no_place_is_filled_beyond_its_size(sandbox, place):
    ended = sandbox.sh(f"for i in 1 2 3 4; do head -c 7M /dev/zero > {place}/$i || exit 3; done")
    assert ended.ending == Exited(code=3)
    assert "No space left" in ended.output.text


def test_files_without_end_meet_a_limit(sandbox):
    ended = sandbox.sh("i=0; while [ $i -lt 5000 ]; do : > f$i || exit 3; i=$((i+1)); done")
    assert ended.ending in (Exited(code=3), Exited(code=2))


def test_memory_meets_its_limit(sandbox):
    ended = sandbox.python("x = bytearray(600 << 20); print(len(x))")
    assert "MemoryError" in ended.output.text


def test_reserving_address_space_is_not_using_memory(sandbox):
    said = sandbox.python(
        """
        import ctypes
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        size = ctypes.c_size_t(1 << 40)
        print(libc.mmap(None, size, 0, 0x4022, -1, 0) != ctypes.c_void_p(-1).value)
        """
    )
    assert said.output.text == "True\n"


def test_no_core_is_dumped(sandbox):
    ended = sandbox.sh("ulimit -c; kill -SEGV $$")
    assert ended.ending == Killed(signal=signal.SIGSEGV)
    assert ended.output.text == "0\n"


def test_silence_and_length_have_limits(sandbox):
    idle = sandbox.sh("echo a; sleep 1000", limits=sandbox.limits(idle_s=0.3))
    assert idle.ending == TimedOut(limit="idle", seconds=0.3)
    talk = "while sleep 0.05; do echo a; done"
    wall = sandbox.sh(talk, limits=sandbox.limits(idle_s=30.0, wall_s=0.5))
    assert wall.ending == TimedOut(limit="wall", seconds=0.5)
