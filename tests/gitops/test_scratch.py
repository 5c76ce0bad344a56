"""Folders for a moment: gone afterwards, and after a kill at the next start."""

import subprocess
import sys
import tempfile

import pytest

from gitops import scratch

HELD = """
import sys
from gitops.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "index").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_gone_afterwards(temporary):
    with scratch.scratch_folder() as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_uses_is_not(temporary):
    with subprocess.Popen(
        [sys.executable, "-c", HELD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        held = other.stdout.readline().strip()
        scratch.sweep()
        assert [str(path) for path in temporary.iterdir()] == [held]
        other.kill()
        other.wait()
    (temporary / "pawl-demo-x").mkdir()
    (temporary / "target").mkdir()
    (temporary / "pawl-1999999999-link").symlink_to("target")
    scratch.sweep()
    left = sorted(path.name for path in temporary.iterdir())
    assert left == ["pawl-1999999999-link", "pawl-demo-x", "target"]
