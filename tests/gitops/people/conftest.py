"""A town: a real repository, people with real keys, and commits as they would push them."""

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pygit2
import pytest

from gitops.landing.landed import Trailers, build
from gitops.objects import Batch, read_object
from gitops.people.chain import follow
from gitops.people.faith import Faith
from gitops.people.permissions import permissions
from policy.mission.facts import Candidate
from policy.people.check import check, revoked_by
from policy.people.live import Candidate as Wanted
from policy.people.live import Held, Live, OfMission
from policy.people.permission import Repo, Waiver
from policy.people.reading import path_of, write_permission
from policy.people.roles import Governing, Permissions
from policy.people.trust import Trust
from policy.people.trusted_time import Sane
from policy.problems import Unreadable
from policy.typed import read
from policy.value import Value

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WHEN = int(NOW.timestamp()) - 86400
PEOPLE = ("alice", "bob", "eve")
POLICY = 'schema: 1\nroles: {"bob@x": [approver]}\n'


class Rules(Value):
    schema_version: int
    roles: dict[str, tuple[str, ...]]


def govern(content):
    found = read(content.replace(b"schema:", b"schema_version:"), Rules)
    if isinstance(found, Unreadable):
        return found
    return Governing(permissions=Permissions(roles=found.roles), backlog=("backlog", "BACKLOG.md"))


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in PEOPLE:
        path = folder / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True
        )
    return folder


def line(keys, name, options='namespaces="git"'):
    public = " ".join((keys / f"{name}.pub").read_text().split()[:2])
    return f"{name}@x {options} {public}\n"


@dataclass
class Town:
    store: object
    keys: Path
    daemon: object
    tip: str = ""
    introduction: str = ""
    mode: str = "signed"
    governs: tuple = ()

    def approvers(self, *names, **options):
        return "".join(line(self.keys, name, **options) for name in names)

    def commit(self, files, *, by=None, on=None, when=WHEN, also=(), move=True, message="m"):
        """Commit *files* (None removes) on *on* (the tip), signed with *by*'s key; move the tip."""
        parent = on or self.tip
        repo = self.store.repo
        index = pygit2.Index()
        if parent:
            index.read_tree(repo[parent].tree)
        for path, content in files.items():
            if content is None:
                index.remove(path)
                continue
            mode, text = content if isinstance(content, tuple) else (0o100644, content)
            data = text if isinstance(text, bytes) else text.encode()
            index.add(pygit2.IndexEntry(path, repo.create_blob(data), mode))
        tree = str(index.write_tree(repo))
        parents = [one for one in (parent, *also) if one]
        made = self.commit_tree(tree, parents, by=by, when=when, message=message)
        if move:
            self.tip = made
        return made

    def commit_tree(self, tree, parents, *, by=None, when=WHEN, message="m"):
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        for who in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{who}_NAME": "alice", f"GIT_{who}_EMAIL": "alice@x"}
            env |= {f"GIT_{who}_DATE": f"{when} +0000"}
        sign = ["-S"] if by else []
        settings = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={self.keys / str(by)}"]
        argv = ["git", "--git-dir", str(self.store.gitdir), *settings, "commit-tree", *sign, tree]
        for parent in parents:
            argv += ["-p", parent]
        done = subprocess.run(
            [*argv, "-m", message], capture_output=True, text=True, env=env, check=True
        )
        return done.stdout.strip()

    def write(self, raw):
        return str(self.store.repo.odb.write(pygit2.enums.ObjectType.COMMIT, raw))

    def raw(self, commit):
        return read_object(self.store, commit, "commit")

    def land(self, files, *, waivers=(), on=None, when=WHEN, move=True):
        """Land a change as the daemon does, with its key and its trailers."""
        tip = on or self.tip
        plain = self.commit(files, on=tip, move=False)
        tree = str(self.store.repo[plain].tree.id)
        batch = Batch(self.store)
        candidate = Candidate(commit=plain, base=tip, tree=tree, product=tree, change="c" * 64)
        trailers = Trailers("H-9", "5" * 64, tree, "9" * 40, "d" * 64, tuple(waivers), "command")
        said = {"candidate": candidate, "title": "t", "contract": "c", "trailers": trailers}
        made = build(batch, self.daemon, **said, at=when)
        batch.save()
        if move:
            self.tip = made.commit
        return made.commit

    @property
    def faith(self):
        trust = Trust(
            schema=1,
            introduction=self.introduction,
            target="main",
            daemon_key=self.daemon.public,
            mode=self.mode,
            governs=self.governs,
        )
        return Faith(trust, govern, timeout_s=60)

    def follow(self, *, now=NOW, remembered=None, seen=None, tip=None):
        return follow(
            self.store, tip or self.tip, self.faith, now=now, remembered=remembered, seen=seen
        )

    def waiver(self, number=1, **changes):
        values = {
            "schema_version": 1,
            "kind": "waiver",
            "id": f"11111111-2222-4333-8444-{number:012d}",
            "repo": Repo(root_commit=self.introduction, name="town"),
            "ref": "refs/heads/main",
            "mission": "H-1",
            "attempt": 1,
            "spec": "5" * 64,
            "policy": "d" * 64,
            "gates": ("tests",),
            "subject": {"base": "b" * 40, "change": "c" * 64, "product": "e" * 40},
            "request": "f" * 40,
            "reason": "the failing test is about a printer that nobody has",
            "expires": "2026-06-05T00:00:00Z",
            "max_uses": 1,
        }
        made = values | changes
        form = changes.pop("form", Waiver)
        made.pop("form", None)
        made["schema"] = made.pop("schema_version")
        return form.model_validate(made)

    def permit(self, permission, **how):
        """Commit a permission as a person does."""
        return self.commit({path_of(permission.id): write_permission(permission)}, **how)

    def live(self, founds=(), used=(), **changes):
        values = {
            "tip": self.tip,
            "parent": None,
            "repo": Repo(root_commit=self.introduction, name="town"),
            "ref": "refs/heads/main",
            "mode": self.mode,
            "mark": Held(),
            "matter": OfMission(
                mission="H-1",
                attempt=1,
                spec="5" * 64,
                policy="d" * 64,
                request="f" * 40,
                gates=("tests",),
                subject=Wanted(
                    base="b" * 40,
                    change="c" * 64,
                    product="e" * 40,
                    shown_change="c" * 64,
                    shown_product="e" * 40,
                ),
                requesters=frozenset({"carol@x"}),
            ),
            "kinds": frozenset({"waiver"}),
            "roles": frozenset({"approver"}),
            "machine_keys": self.faith.machines,
            "non_waivable": frozenset(),
            "max_ttl_s": 7 * 86400,
            "time": Sane(now=NOW),
            "used": frozenset(used),
            "revoked": revoked_by(founds),
        }
        return Live(**(values | changes))

    def judged(self, permission, *, now=NOW, chain=None, **changes):
        """Return what becomes of *permission* at the tip, None where it is not there."""
        chain = chain or self.follow(now=now)
        found = permissions(self.store, chain, self.faith, unused=False)
        wanted = [one for one in found if one.path == path_of(permission.id)]
        if not wanted:
            return None
        real = [one for one in found if hasattr(one, "permission")]
        live = self.live(real, used=chain.used, **{"time": Sane(now=now), **changes})
        return check(wanted[0], live)


@pytest.fixture
def town(store, keys, key):
    """A town in which alice may everything, bob give permissions, and eve nothing."""
    town = Town(store, keys, key)
    files = {
        ".pawl/policy.yaml": POLICY,
        ".pawl/approvers": town.approvers("alice", "bob"),
        ".pawl/revoked": "",
        "backlog/H-1.yaml": "id: H-1\n",
        "src/a.py": "a = 1\n",
    }
    town.introduction = town.commit(files)
    return town
