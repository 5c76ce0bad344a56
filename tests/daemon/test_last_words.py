"""An aborted process leaves its stacks, and the next one tells the one that matters."""

import os
import signal
import subprocess
import sys

from structlog.testing import capture_logs

from daemon.last_words import LAST, STACKS, last_words

HANGS = """
import sys, signal
from pathlib import Path
from daemon.last_words import last_words
def hanging_here():
    print("up", flush=True)
    signal.pause()
with last_words(Path(sys.argv[1])):
    hanging_here()
"""


def test_the_stack_of_an_aborted_process_is_told_once_and_kept(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HANGS, tmp_path], stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGABRT)
    with capture_logs() as logs, last_words(tmp_path):
        pass
    (line,) = logs
    assert "in hanging_here" in line["at"]
    assert "in hanging_here" in (tmp_path / LAST).read_text()
    with capture_logs() as logs, last_words(tmp_path):
        pass
    assert logs == []
    assert (tmp_path / STACKS).read_bytes() == b""
