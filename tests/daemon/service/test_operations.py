"""Every block of commands in docs/operations.md, run from top to bottom on a machine of its own."""

import re

import pytest

from tests.daemon.service.checkout import ROOT, SEEN
from tests.daemon.service.conftest import CLONE, Host

PAGE = (ROOT / "docs" / "operations.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_every_command_of_the_page_works_as_it_is_shown(machine):
    host = Host(machine)
    host.named()
    host.ada("git", "init", "-q", "-b", "main", CLONE, at="/srv")
    host.ada("sh", "-c", "echo a house > README; git add .; git commit -qm beginning")
    host.root("ln", "-s", f"{SEEN}/.venv", "/opt/pawl")
    host.ada("/opt/pawl/bin/pawl", "init")
    script = "set -eu\n" + "\n".join(f"echo '== block {n}' >&2\n{b}" for n, b in enumerate(BLOCKS))
    host.writes("/root/operations.sh", script)
    done = machine.tries("bash", "/root/operations.sh")
    assert done.returncode == 0, f"{done.stderr[-4000:]}\n{done.stdout[-4000:]}\n{host.tail()}"
