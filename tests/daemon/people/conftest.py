"""A house whose people sign: real keys, ready-made answers copied out of requests by plain git."""

import os
import re
import subprocess

import pytest

from daemon.cli.beginning import Beginning, introduction
from daemon.cli.init import initialise
from daemon.cli.place import open_place
from gitops.person import Person
from tests.daemon.conftest import POLICY, House

REASON = "it was read, and it is what was asked for"
PEOPLE = ("alice", "bob", "eve")


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in PEOPLE:
        path = folder / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True
        )
        _token(path, folder / "tokens" / name)
    return folder


def _token(key, token):
    """Make what git signs with as with a token: no file it names is the key."""
    token.parent.mkdir(exist_ok=True)
    public = token.with_suffix(".pub")
    public.write_text(key.with_suffix(".pub").read_text())
    token.write_text(
        "#!/bin/sh\n"
        f'for one; do shift; [ "$one" != {public} ] || one={key}; set -- "$@" "$one"; done\n'
        'exec ssh-keygen "$@"\n'
    )
    token.chmod(0o755)


class Home(House):
    """A house with approvers."""

    keys = None

    def line(self, name, options='namespaces="git"'):
        public = " ".join((self.keys / f"{name}.pub").read_text().split()[:2])
        return f"{name}@x {options} {public}\n"

    def signs(self, files, *, by="alice", message="a person's decision"):
        """Commit *files* (None deletes) signed with *by*'s key; unsigned where that is None."""
        if by is None:
            return self.commits(files, message)
        for name, content in files.items():
            place = self.path / name
            if content is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(content)
        self.git("add", "-A", "--", *files)
        key = f"user.signingkey={self.keys / by}"
        self.git("-c", "gpg.format=ssh", "-c", key, "commit", "-q", "-S", "-m", message)
        return self.git("rev-parse", "HEAD")

    def ready(self, mission, kind, number=1):
        """Return the ready-made answer as the request has it."""
        return self.git("show", f"refs/pawl/missions/{mission}:requests/{number}.{kind}.yaml")

    def filled(self, mission, kind, number=1, reason=REASON):
        text = self.ready(mission, kind, number)
        assert 'reason: ""' in text
        text = re.sub(r'reason: "".*', f'reason: "{reason}"', text) + "\n"
        name = re.search('^id: "(.*)"$', text, re.MULTILINE)[1]
        return f"waivers/{name}.yaml", text

    def answers(self, mission, kind, *, by="alice", number=1, edit=None):
        """Copy the ready-made answer, write a reason, sign and commit; return the commit."""
        path, text = self.filled(mission, kind, number)
        return self.signs({path: edit(text) if edit else text}, by=by)

    def request(self, mission, number=1):
        return self.git("show", f"refs/pawl/missions/{mission}:requests/{number}.yaml")

    def waits(self, mission):
        state = self.state(mission)
        assert type(state).__name__ == "Waiting", state
        return state.asked


@pytest.fixture
def settled(people, tmp_path, keys):
    """`settled(policy, mode=, approvers=)` is a served repository with approvers."""

    def settle(policy=POLICY, *, mode="signed", approvers=("alice", "bob")):
        path = tmp_path / "house"
        path.mkdir()
        home = Home(path)
        home.keys = keys
        home.git("init", "--quiet", "-b", "main")
        home.commits({"README": "a house\n"}, "the beginning")
        place = open_place(path)
        person = Person(place.gitdir, os.environ)
        lines = "".join(home.line(name) for name in approvers)

        def begin(*_):
            return Beginning(introduction(policy, lines), {}, "")

        outside = initialise(place, person, mode, begin, lambda *_: ()).outside
        with (outside.config / "host.yaml").open("a") as host:
            host.write("free_bytes: 1\n")  # the tests' own disk may be small
        home.git("reset", "--hard", "--quiet")
        return home

    return settle


@pytest.fixture
def home(settled):
    return settled()
