"""Three clones of a hub: Bob wishes, Ada decides with plain git, a build host does the rest."""

import re
import uuid

import pytest

from tests.daemon.people.hall import settle
from tests.independent.audit import audit


@pytest.fixture
def hall(people, tmp_path, monkeypatch, keys):
    hall = settle(tmp_path, monkeypatch, keys)
    yield hall
    assert audit(hall.ada.bare, hall.host.outside.config / "trust.yaml") == []


def asks(hall, item="H-1", **keys):
    """Have Bob wish for something that somebody has to approve; return what it asks then."""
    hall.bob.pulls()
    hall.bob.wishes(item, requires_approval=True, requested_by="bob@x", **keys)
    standing = hall.host.runs()
    assert standing.rests[item].reason == "waiting"
    return standing


def trailers(hall, key="Pawl-Waiver"):
    found = hall.ada.at(
        "log", "--first-parent", f"--format=%(trailers:key={key},valueonly)", "main"
    )
    return found.split()


def test_what_is_copied_out_of_the_request_with_plain_git_lets_it_land_once(hall):
    asks(hall)
    commit = hall.ada.answers_by_hand("H-1", "approval")
    hall.host.runs()
    assert hall.ada.landings() == ["H-1"]
    (blob,) = trailers(hall)
    changed = hall.ada.at("diff-tree", "-r", "--no-commit-id", commit).split()
    assert changed[3] == blob
    # the same file again, for the next mission
    asks(hall, "H-2")
    hall.ada.pulls()
    (path,) = (hall.ada.path / "waivers").iterdir()
    again = str(uuid.uuid4())
    text = re.sub(r"^id: .*", f'id: "{again}"', path.read_text(), flags=re.MULTILINE)
    hall.ada.gives({f"waivers/{again}.yaml": text.replace("H-1", "H-2")})
    (why,) = hall.host.runs().rests["H-2"].denied
    assert "does not count: wrong_spec" in why
    assert hall.ada.landings() == ["H-1"]
