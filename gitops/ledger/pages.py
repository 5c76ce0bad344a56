"""The generated pages at the top of the ledger's tree, written by commits of their own.

Such a commit follows the branch's first-parent line, has that one parent, changes pages and nothing
else, and says so: `Pawl-Pages`. It closes no mission.
"""

from collections.abc import Mapping

from gitops import objects, signing
from gitops.ledger import closing, dossier, reading
from gitops.objects import Batch
from gitops.repository import Store
from gitops.signing import DaemonKey
from policy.ids import CommitId


def missions_at(store: Store, ledger: CommitId) -> str:
    """Return what names all closed missions at *ledger*, and stays as it is when a page changes."""
    root = reading.tree_of(objects.read_object(store, ledger, "commit"))
    found = dossier.find(store, root, "missions")
    return "" if found is None else found[1]


def names_at(store: Store, ledger: CommitId) -> list[str]:
    """Return what lies at the top of the ledger's tree."""
    root = reading.tree_of(objects.read_object(store, ledger, "commit"))
    return [name.decode("utf-8", "surrogateescape") for name in objects.read_tree(store, root)]


def differing(store: Store, ledger: CommitId, pages: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those of *pages* that the ledger has not, or has otherwise."""
    root = reading.tree_of(objects.read_object(store, ledger, "commit"))
    return {
        name: content
        for name, content in pages.items()
        if dossier.read_file(store, root, name) != content
    }


def with_pages(
    store: Store,
    key: DaemonKey,
    pages: Mapping[str, bytes],
    *,
    ledger: CommitId,
    trusted: str,
    at: int,
) -> CommitId:
    """Make the commit that has *pages* on top of *ledger*; no ref is moved.

    Raises `ForeignLedgerError`.
    """
    root = closing.verified(store, ledger, trusted, "write pages")
    batch = Batch(store)
    tree = dossier.graft(batch, root, dossier.add_files(batch, pages), {})
    names = " ".join(sorted(pages))
    message = f"pages: {names.replace('.md', '')}\n\nPawl-Pages: {names}\nPawl-Schema: 1"
    commit = batch.commit(signing.signed_commit(key, tree, (ledger,), message, at))
    batch.save()
    return commit
