"""A repository whose backlog is written by tests: path -> content, or (mode, content)."""

import os
from dataclasses import dataclass, field

import pytest

from gitops.intake import Intake
from gitops.objects import Batch
from gitops.repository import Store
from policy.backlog.crew import Crew, built_in

CREW = built_in({"low": ("build",)})
FILE = 0o100644


def item(name, **changes):
    fields = {
        "id": name,
        "title": f"the item {name}",
        "priority": "P1",
        "contract": "c",
        "acceptance": "[a]",
        "write_scope": "[src/**]",
        "command": '["true"]',
        "tests": '[{run: ["false"]}]',
        **changes,
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items()).encode()


@dataclass
class Shelves:
    """`shelves.commit({"backlog/A.yaml": ...})` returns a commit; `read` what the intake sees."""

    store: Store
    intake: Intake = field(default_factory=Intake)
    crew: Crew = CREW

    def commit(self, files):
        batch = Batch(self.store)
        tree = self._tree(batch, {os.fsencode(path): entry for path, entry in files.items()})
        who = "a <a@x> 1700000000 +0000"
        commit = batch.commit(f"tree {tree}\nauthor {who}\ncommitter {who}\n\nx\n".encode())
        batch.save()
        return commit

    def _tree(self, batch, files):
        entries, below = {}, {}
        for path, entry in files.items():
            name, _, rest = path.partition(b"/")
            if rest:
                below.setdefault(name, {})[rest] = entry
            else:
                mode, content = entry if isinstance(entry, tuple) else (FILE, entry)
                oid = content if isinstance(content, str) else batch.blob(content)
                entries[name] = (mode, oid)
        entries |= {name: (0o40000, self._tree(batch, inner)) for name, inner in below.items()}
        return batch.tree(entries)

    def read(self, files, folder="backlog", crew=CREW, sheet=None):
        commit = files if isinstance(files, str) else self.commit(files)
        return self.intake.read(self.store, commit, folder, crew, sheet)

    @property
    def effort(self):
        return (self.intake.effort.trees, self.intake.effort.files)


@pytest.fixture
def shelves(store):
    return Shelves(store)


@pytest.fixture(scope="session")
def write():
    return item
