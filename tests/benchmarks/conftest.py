"""The way to run a benchmark as a person does."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def measured(tmp_path):
    """`measured(["G3"])` runs benchmarks in their smallest form; returns the file of the result."""

    def run(goals: list[str]) -> Path:
        found = tmp_path / "found.json"
        argv = [sys.executable, ROOT / "benchmarks/run.py", *goals, "--smallest"]
        done = subprocess.run(
            [*argv, "--disk", tmp_path, "--json", found],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return found

    return run
