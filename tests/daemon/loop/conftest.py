"""What the tests of the loop share."""

import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def signs():
    """A directory that an unprivileged builder or gate reads, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="signs-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
