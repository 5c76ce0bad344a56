"""A bare hub behind real servers, and a clone whose daemon reaches it."""

import subprocess
import threading

import pytest

from gitops.remote import Transport
from gitops.repository import Store
from policy.remote import Remote
from tests.hubs import PASSWORD, USER, Http, Sshd

TARGET = "refs/heads/main"


@pytest.fixture(scope="session")
def sshd(tmp_path_factory):
    server = Sshd(tmp_path_factory.mktemp("ssh") / "sshd")
    yield server
    server.stops()


@pytest.fixture
def hub(make_repository):
    """A bare repository with one commit on main."""
    hub = make_repository("hub.git")
    hub.git("config", "http.receivepack", "true")
    hub.first = hub.commit("the beginning")
    hub.git("update-ref", TARGET, hub.first)
    return hub


@pytest.fixture
def web(tmp_path):
    server = Http(tmp_path)
    yield server
    server.stops()


@pytest.fixture
def reached(hub, sshd, tmp_path, request):
    """`reached(how)` is what the host file says of the hub: over ssh, http, or as a path."""

    def reach(how):
        match how:
            case "ssh":
                return {**sshd.keys(hub.gitdir)}
            case "http":
                server = request.getfixturevalue("web")
                secret = tmp_path / "credentials with a blank"
                secret.write_text(f"username={USER}\npassword={PASSWORD}\n")
                return {"url": server.url("hub.git"), "credentials": str(secret)}
            case "file":
                return {"url": str(hub.gitdir)}

    return reach


@pytest.fixture
def clone(hub, make_repository):
    """A clone of the hub, with nothing of the hub in its configuration."""
    clone = make_repository("clone.git")
    subprocess.run(
        ["git", "--git-dir", clone.gitdir, "fetch", "-q", hub.gitdir, "main:main"], check=True
    )
    return clone


@pytest.fixture
def connected(clone, reached):
    """`connected(how, **keys)` is a transport from the clone to the hub."""

    def connect(how="file", **keys):
        said = {**reached(how), "timeout_s": 60, "silence_s": 10, **keys}
        store = Store.open(clone.gitdir, durability="process")
        return Transport(store, Remote.model_validate(said), TARGET)

    return connect


@pytest.fixture
def going():
    """Nobody wants to stop."""
    return threading.Event().is_set
