"""A person at a terminal beside the house, and files as no editor would write them."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from daemon import __main__ as command


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def pawl(house, monkeypatch, capsys):
    """`pawl("once", "--json")` runs the command in this process; *at* is another repository."""

    def run(*argv: str, at: Path | None = None) -> Said:
        monkeypatch.setattr(sys, "argv", ["pawl", "-C", str(at or house.path), *argv])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    yield run
    structlog.reset_defaults()


@pytest.fixture
def writes(house):
    """`writes({"backlog/X.yaml": b"..."})` commits bytes; a `Path` is a link to that place."""

    def write(files: dict[str, bytes | Path | None], message: str = "garbage") -> str:
        for name, content in files.items():
            place = house.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            match content:
                case bytes():
                    place.write_bytes(content)
                case Path():
                    place.symlink_to(content)
                case None:
                    pass
        house.git("add", "-A")
        house.git("commit", "--quiet", "-m", message)
        return house.tip()

    return write


@pytest.fixture
def policy(house):
    """`policy("selection: {on_invalid: hold}")` commits a policy with these lines added."""

    def commit(*lines: str) -> str:
        head = ("schema: 1", "extends: default-1", "repo_name: house", "pages: {written: false}")
        text = "\n".join((*head, *lines, ""))
        return house.commits({".pawl/policy.yaml": text}, "another policy")

    return commit


@pytest.fixture
def meanwhile():
    """`house.runs(point=meanwhile("gates-start", act))`: *act* once, when the daemon is there."""

    def at(place: str, act: Callable[[], object]) -> Callable[[str], None]:
        done: list[str] = []

        def point(name: str) -> None:
            if name == place and not done:
                done.append(name)
                act()

        return point

    return at
