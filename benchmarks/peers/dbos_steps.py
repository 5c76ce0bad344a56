"""DBOS on SQLite, run in its own environment: `steps N`, or workflows that wait to be killed.

argv: the database's path, and `serve` or `recover`. `serve` answers a line for each line: `steps N`
runs one workflow of N steps and answers its seconds; `finished N` makes N finished workflows;
`pending N` starts N workflows that never end by themselves and answers once each has done a step.
`recover` launches only; the first step that is run again prints when, on the system's own clock.
"""

import sys
import threading
import time
import uuid

from dbos import DBOS

_NEVER = threading.Event()
_recovering = sys.argv[2] == "recover"
_said = threading.Lock()
_begun = threading.Semaphore(0)

DBOS(
    config={
        "name": "peer",
        "system_database_url": f"sqlite:///{sys.argv[1]}",
        "console_log_level": "ERROR",
        "application_version": "one",
        "executor_id": "one",
    }
)


@DBOS.step()
def step(number: int) -> int:
    return number


@DBOS.step()
def waits() -> None:
    """Say that it runs, and wait for the end of the process."""
    if _recovering and _said.acquire(blocking=False):
        print(time.clock_gettime_ns(time.CLOCK_MONOTONIC), flush=True)
    _begun.release()
    _NEVER.wait()


@DBOS.workflow()
def steps(count: int) -> float:
    start = time.perf_counter()
    for number in range(count):
        step(number)
    return time.perf_counter() - start


@DBOS.workflow()
def pending() -> None:
    step(0)
    waits()


def _pending(count: int) -> str:
    for _ in range(count):
        threading.Thread(target=pending, daemon=True).start()
    for _ in range(count):
        _begun.acquire()
    return "begun"


def _answer(line: str) -> str:
    what, _, count = line.partition(" ")
    if what == "steps":
        return repr(steps(int(count)))
    if what == "pending":
        return _pending(int(count))
    for _ in range(int(count)):
        steps(1)
    return uuid.uuid4().hex


DBOS.launch()
for asked in sys.stdin:
    print(_answer(asked.strip()), flush=True)
