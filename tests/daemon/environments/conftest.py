"""A served repository whose policy declares environments, and how often each was built."""

import json
import os

import pytest

from daemon.hosting import environments_of
from daemon.outside import HOST_FILE

POLICY = """schema: 1
extends: default-1
repo_name: house
failures:
  dependency_error: {backoff_s: %s}
  environment_error: {backoff_s: %s}
"""
INSTALLS = [
    "sh", "-c",
    ("mkdir /environment/bin && cp tools.lock /environment/lock && "
    "printf '#!/bin/sh\\ncat /environment/lock\\n' > /environment/bin/tool && "
    "chmod +x /environment/bin/tool"),
]  # fmt: skip
TOOLS = {"setup": [INSTALLS], "key_files": ["tools.lock"], "path": ["bin"]}


def policy_of(environments, *, backoff_s=0, **keys):
    declared = {"environments": environments, **keys}
    text = POLICY % (backoff_s, backoff_s)
    return (text + "".join(f"{key}: {json.dumps(it)}\n" for key, it in declared.items())).encode()


@pytest.fixture
def furnished(founded):
    """`furnished(environments, files, **policy)` is a repository with these environments."""

    def make(environments, files=None, *, host="", **keys):
        house = founded(files or {"tools.lock": "one\n"}, policy_of(environments, **keys))
        if host:
            path = house.outside.config / HOST_FILE
            path.write_text(path.read_text() + host)
        return house

    return make


@pytest.fixture
def built():
    """What environments there are, by name, newest use first."""

    def look(house):
        return [(about.name, about.key, about.contents) for about in store(house).every()]

    return look


@pytest.fixture
def failures():
    return lambda house: store(house).failures()


def store(house):
    return environments_of(house.outside)


@pytest.fixture
def folder():
    """The folder of the one environment there is."""

    def look(house):
        (about,) = store(house).every()
        return house.outside.state / "sandbox" / "environments" / about.key / "tree"

    return look


@pytest.fixture
def as_root():
    return os.geteuid() == 0
