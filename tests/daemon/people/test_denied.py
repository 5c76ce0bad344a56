"""Every reason a decision can be refused for, on one repository: what is told, and what is done.

A row is one commit by somebody, wrong in one way. All lie in the same branch when the daemon looks;
each is told by its own code, nothing goes on for any of them, and the right one after them counts.
"""

import json
import os
import re
import shutil
import subprocess
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from tests.daemon.conftest import POLICY
from tests.daemon.people.conftest import REASON

DAY = timedelta(days=1)


def stamp(moment, form="%Y%m%d%H%M%SZ"):
    return f"{moment:{form}}"


class Desk:
    """Writes decisions like the ready-made one of a request, each wrong in its own way."""

    def __init__(self, home, mission, kind):
        self.home = home
        self.mission = mission
        self.right = yaml.safe_load(home.ready(mission, kind))

    def written(self, row, name=None):
        name = name or row["id"]
        text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in row.items())
        return {f"waivers/{name}.yaml": text}

    def row(self, **changes):
        return {**self.right, "id": str(uuid.uuid4()), "reason": REASON, **changes}

    def gives(self, *, by="alice", name=None, also=(), drop=(), **changes):
        row = {key: value for key, value in self.row(**changes).items() if key not in drop}
        files = self.written(row, name)
        self.home.signs({**files, **dict(also)}, by=by)
        (path,) = files
        return path

    def signs(self, path, content, *, by="alice", **env):
        """Commit *content* at *path* by git, with something of its environment said."""
        (self.home.path / path).write_bytes(content)
        self.home.git("add", path)
        sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={self.home.keys / by}")
        argv = ["git", *sign, "commit", "-q", "-S", "-m", "a person's decision"]
        subprocess.run(argv, cwd=self.home.path, check=True, env={**os.environ, **env})

    def about(self, **changes):
        return {"subject": {**self.right["subject"], **changes}}


def raw_commit(home, raw):
    """Put a commit of these bytes on the branch, as somebody could push it."""
    oid = home.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw)
    home.git("reset", "--hard", "--quiet", oid)
    return oid


def forged(home):
    """Return the newest commit's bytes, without it being on the branch any more."""
    raw = home.git("cat-file", "commit", "HEAD") + "\n"
    home.git("reset", "--hard", "--quiet", "HEAD^")
    return raw


def edited(desk):
    path = desk.gives(by="bob")
    text = (desk.home.path / path).read_text()
    desk.home.signs({path: text.replace("what was asked", "what we asked")})
    return path


def merged(desk):
    home = desk.home
    home.git("checkout", "-q", "-b", "aside")
    path = desk.gives()
    home.git("checkout", "-q", "main")
    home.commits({"meanwhile": "something\n"})
    home.git("merge", "-q", "--no-ff", "-m", "merged", "aside")
    return path


def bad_signature(desk):
    path = desk.gives()
    raw = forged(desk.home)
    raw_commit(desk.home, raw.replace("a person's decision", "a person's revision"))
    return path


def malformed(desk):
    path = desk.gives()
    raw = forged(desk.home)
    signature = re.search(r"^gpgsig (?:.*\n)(?: .*\n)*", raw, re.MULTILINE)[0]
    raw_commit(desk.home, raw.replace(signature, signature + signature))
    return path


def backdated(desk):
    """carol's key was good when the commit says it was made, and is not when it is seen."""
    ((path, text),) = desk.written(desk.row()).items()
    was = stamp(datetime.now(UTC) - 3 * DAY, "%Y-%m-%dT%H:%M:%SZ")
    dates = {"GIT_COMMITTER_DATE": was, "GIT_AUTHOR_DATE": was}
    desk.signs(path, text.encode(), by="carol", **dates)
    return path


def taken_back(desk):
    path = desk.gives()
    named = path.removeprefix("waivers/").removesuffix(".yaml")
    kept = ("schema", "repo", "ref")
    row = {key: desk.right[key] for key in kept} | {"id": str(uuid.uuid4()), "kind": "revocation"}
    desk.home.signs(desk.written({**row, "revokes": named, "reason": REASON}))
    return path


ROWS = {
    "unsigned": lambda desk: desk.gives(by=None),
    "unknown_key": lambda desk: desk.gives(by="eve"),
    "key_expired": backdated,
    "key_not_yet": lambda desk: desk.gives(by="dave"),
    "key_revoked": lambda desk: desk.gives(by="frank"),
    "key_gone": lambda desk: desk.gives(by="grace"),
    "machine_key": lambda desk: desk.gives(by="machine"),
    "no_role": lambda desk: desk.gives(by="heidi"),
    "own_request": lambda desk: desk.gives(by="bob"),
    "bad_signature": bad_signature,
    "malformed": malformed,
    "merged_in": merged,
    "mixed_commit": lambda desk: desk.gives(also={"README": "another house\n"}),
    "edited": edited,
    "wrong_kind": lambda desk: desk.gives(kind="resume", drop=("subject",)),
    "wrong_repo": lambda desk: desk.gives(repo={**desk.right["repo"], "name": "another"}),
    "wrong_ref": lambda desk: desk.gives(ref="refs/heads/other"),
    "wrong_attempt": lambda desk: desk.gives(attempt=2),
    "wrong_spec": lambda desk: desk.gives(spec="0" * 64),
    "wrong_policy": lambda desk: desk.gives(policy="0" * 64),
    "wrong_request": lambda desk: desk.gives(request="0" * 40),
    "wrong_base": lambda desk: desk.gives(**desk.about(base="0" * 40)),
    "wrong_change": lambda desk: desk.gives(**desk.about(change="0" * 64)),
    "wrong_product": lambda desk: desk.gives(**desk.about(product="0" * 40)),
    "expired": lambda desk: desk.gives(expires="2026-01-01T00:00:00Z"),
    "ttl_too_long": lambda desk: desk.gives(expires="2999-01-01T00:00:00Z"),
    "revoked": taken_back,
}


def spoiled(desk, spoil):
    """Commit the right answer with its bytes spoiled, signed."""
    ((path, text),) = desk.written(desk.row()).items()
    desk.signs(path, spoil(text.encode()))
    return path


SPOILED = {
    "no reason": lambda text: text.replace(REASON.encode(), b""),
    "all gates": lambda text: text + b"gates: ['*']\n",
    "a key twice": lambda text: text + b"max_uses: 1\n",
    "an anchor": lambda text: text.replace(b'"approval"', b'&a "approval"'),
    "no text": lambda text: text.replace(b"it was read", b"it was \xff read"),
    "a wrong type": lambda text: text.replace(b"attempt: 1", b"attempt: [1]"),
    "an unknown key": lambda text: text + b"gates: [tests]\n",
    "no map": lambda text: b"- " + text.splitlines(keepends=True)[5],
}


@pytest.fixture
def peopled(settled, keys):
    """A house with approvers of every sort, in which both change and product must be as shown."""

    def begin(policy):
        home = settled(policy)
        for name in ("carol", "dave", "frank", "grace", "heidi"):
            if not (keys / name).exists():
                subprocess.run(
                    ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / name], check=True
                )
        (keys / "machine").unlink(missing_ok=True)
        shutil.copy(home.outside.key, keys / "machine")
        (keys / "machine.pub").write_text(home.outside.trust.daemon_key + "\n")
        now, git = datetime.now(UTC), 'namespaces="git"'
        home.lines = [
            home.line("alice"),
            home.line("bob"),
            home.line("carol", f'{git},valid-before="{stamp(now - DAY)}"'),
            home.line("dave", f'{git},valid-after="{stamp(now + DAY)}"'),
            *(home.line(name) for name in ("frank", "grace", "heidi")),
        ]
        home.signs({".pawl/approvers": "".join(home.lines)})
        return home

    return begin


def codes(standing, mission="H-1"):
    """Return by path why each file does not count."""
    said = "; ".join(standing.rests[mission].denied)
    return dict(re.findall(r"(waivers/[^ ]*) does not count: ([a-z_]*): ", said))


def afterwards(home):
    """Take frank's key back and grace's away, once both have signed."""
    public = " ".join((home.keys / "frank.pub").read_text().split()[:2])
    lines = [line for line in home.lines if not line.startswith("grace")]
    home.signs({".pawl/revoked": f"{public}\n", ".pawl/approvers": "".join(lines)})


def test_each_no_has_its_reason_and_the_right_answer_still_counts(peopled):
    roles = b'permissions: {roles: {"heidi@x": [policy]}}\nwaivers: {both: true}\n'
    home = peopled(POLICY + roles)
    home.wishes("H-1", requires_approval=True, requested_by="bob@x")
    home.runs()
    desk = Desk(home, "H-1", "approval")
    (home.path / "waivers").mkdir()
    paths = {code: make(desk) for code, make in ROWS.items()}
    afterwards(home)
    bad = [spoiled(desk, spoil) for spoil in SPOILED.values()]
    home.commits({"waivers/big.yaml": "#" * 10_000_000, "waivers/README": "what is here\n"})
    standing = home.runs()
    told = codes(standing)
    assert {code: told.get(path) for code, path in paths.items()} == {code: code for code in ROWS}
    said = standing.rests["H-1"].denied
    assert [path for path in bad if not any(one.startswith(f"{path}: ") for one in said)] == []
    assert home.waits("H-1").request == "requests/1.yaml"
    home.answers("H-1", "approval")
    home.runs()  # the product is another one with what was pushed meanwhile: asked anew
    home.answers("H-1", "approval", number=2)
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")


def test_a_waiver_is_for_the_gates_and_the_product_that_failed(peopled):
    home = peopled(POLICY + b"failures: {test_failure: {action: waiver, origin: item}}\n")
    home.wishes("H-1", tests=[{"run": ["test", "-s", "other.txt"]}], requested_by="bob@x")
    home.runs()
    desk = Desk(home, "H-1", "waiver")
    (home.path / "waivers").mkdir()
    paths = {
        "not_waivable": desk.gives(gates=["tests", "protected"]),
        "wrong_gates": desk.gives(gates=["tests", "suite"]),
        "wrong_product": desk.gives(**desk.about(product="0" * 40)),
        "wrong_kind": desk.gives(kind="approval", drop=("gates",)),
    }
    told = codes(home.runs())
    assert {code: told.get(path) for code, path in paths.items()} == {code: code for code in paths}
    # what failed is another product by the time it is waived: another decision
    home.commits({"README": "another house\n"})
    home.answers("H-1", "waiver")
    home.runs()
    assert home.waits("H-1").request == "requests/2.yaml"
    home.answers("H-1", "waiver", number=2)
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")
    (started,) = [one for one in home.facts("H-1") if one.kind == "landing-started"]
    answered = [one for one in home.facts("H-1") if one.kind == "person-answered"]
    assert started.permissions == (answered[1].permission,)
