"""Refs that a power loss emptied, and what they are given back.

An empty ref is not an absent one: libgit2 leaves it out of its listing, and a claim or a revocation
that is left out fails open (reliability.md finding 4). Only the daemon's own refs are healed, only
with a commit it signed, and never with one older than the high-water mark. The mark may lag behind
what was recorded: a mission given back a step too early would not know that it has landed. So what
follows the mark is looked for among all objects.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pygit2

from gitops.finding import Doubt, Finding, Healed, NeedsPerson
from gitops.packs import sync_directory
from gitops.refs import LEDGER, MISSIONS, REMOTE, WORK
from gitops.signing import Good, verify
from policy.ids import CommitId, RefName


def heal_refs(
    gitdir: Path,
    *,
    target: RefName,
    known: Mapping[RefName, CommitId],
    trusted: str | None,
) -> tuple[Finding, ...]:
    """Heal or report every ref below `refs/` that names nothing.

    *known* is what the high-water mark remembers of each ref; *trusted* the daemon's public key.
    """
    return tuple(_heal_one(gitdir, ref, target, known, trusted) for ref in _empty(gitdir))


def _empty(gitdir: Path) -> Iterator[RefName]:
    for parent, _, names in os.walk(gitdir / "refs"):
        for name in names:
            path = Path(parent) / name
            if name.endswith(".lock") or path.is_symlink() or not path.is_file():
                continue
            if _NAMED.fullmatch(path.read_bytes()) is None:
                yield RefName(path.relative_to(gitdir).as_posix())


_NAMED = re.compile(rb"(?:[0-9a-f]{40}|ref: refs/[^\0\n]+)\n*")


def _heal_one(
    gitdir: Path,
    ref: RefName,
    target: RefName,
    known: Mapping[RefName, CommitId],
    trusted: str | None,
) -> Finding:
    if ref.startswith(REMOTE):
        (gitdir / ref).unlink()
        return Healed(ref, "it named no commit; the hub is asked again")
    history = list(_reflog(gitdir, ref))
    hint = f"; its log says {history[0]} last" if history else ""
    todo = f"point it at the right commit: git update-ref {ref} OID{hint}"
    if ref == target:
        return Doubt(ref, f"the target names no commit, as a power loss leaves it; {todo}")
    if not ref.startswith((MISSIONS, WORK)) and ref != LEDGER:
        return NeedsPerson(ref, f"it names no commit; {todo}")
    odb = pygit2.Odb(str(gitdir / "objects"))
    least = known.get(ref)
    candidates = history if least else history[:1]
    for commit in (*candidates, *([least] if least else [])):
        if _is_sound(odb, ref, commit, trusted) and (least is None or _is_on(odb, commit, least)):
            newest = commit if ref.startswith(WORK) else _newest(odb, commit, trusted or "")
            _write(gitdir, ref, newest)
            return Healed(ref, f"it named no commit and was given back {newest}")
    return Doubt(ref, f"it names no commit and nothing known of it verifies; {todo}")


def _reflog(gitdir: Path, ref: RefName) -> Iterator[CommitId]:
    """Yield the commits *ref* was at, the newest first; a torn line is left out."""
    try:
        lines = (gitdir / "logs" / ref).read_bytes().split(b"\n")
    except OSError:
        return
    for line in reversed(lines):
        found = _LOGGED.match(line)
        if found is not None:
            yield CommitId(found[1].decode())


_LOGGED = re.compile(rb"[0-9a-f]{40} ([0-9a-f]{40}) [^\0]+$")


def _is_sound(odb: pygit2.Odb, ref: RefName, commit: CommitId, trusted: str | None) -> bool:
    raw = _commit(odb, commit)
    if raw is None:
        return False
    if ref.startswith(WORK):
        return True  # derived, and a person's commit may be its tip
    return trusted is not None and isinstance(verify(raw, trusted), Good)


def _is_on(odb: pygit2.Odb, commit: CommitId, least: CommitId) -> bool:
    """Return whether *least* is *commit* or an ancestor of it."""
    seen: set[str] = set()
    wanted: list[str] = [commit]
    while wanted:
        oid = wanted.pop()
        if oid == least:
            return True
        if oid in seen:
            continue
        seen.add(oid)
        head = (_commit(odb, oid) or b"").partition(b"\n\n")[0]
        # The first parent last: it is the ledger's own line, and looked at first.
        wanted += [line[7:].decode() for line in head.split(b"\n") if line[:7] == b"parent "][::-1]
    return False


def _newest(odb: pygit2.Odb, commit: CommitId, trusted: str) -> CommitId:
    """Return the last of the daemon's commits that follow *commit*, first parent by first parent.

    Two may follow the same one where a kill came between an object and its ref: the later one is
    of the start after the kill.
    """
    followers: dict[str, list[tuple[int, str]]] = {}
    for oid in odb:
        if odb.read_header(oid)[0] == pygit2.enums.ObjectType.COMMIT:
            head = (_commit(odb, str(oid)) or b"").partition(b"\n\n")[0]
            first, made = _FIRST_PARENT.search(head), _MADE.search(head)
            if first is not None and made is not None:
                row = (int(made[1]), str(oid))
                followers.setdefault(first[1].decode(), []).append(row)
    while True:
        found = [(oid in followers, made, oid) for made, oid in followers.get(commit, [])]
        ours = [row for row in sorted(found) if _is_signed(odb, row[2], trusted)]
        if not ours:
            return commit
        commit = CommitId(ours[-1][2])


_FIRST_PARENT = re.compile(rb"^tree [0-9a-f]{40}\nparent ([0-9a-f]{40})")
_MADE = re.compile(rb"^committer .* (\d+) [+-]\d{4}$", re.MULTILINE)


def _is_signed(odb: pygit2.Odb, oid: str, trusted: str) -> bool:
    return isinstance(verify(_commit(odb, oid) or b"", trusted), Good)


def _commit(odb: pygit2.Odb, oid: str) -> bytes | None:
    try:
        kind, raw = odb.read(oid)
    except (KeyError, ValueError, OSError, pygit2.GitError):
        return None
    return raw if kind == pygit2.enums.ObjectType.COMMIT else None


def _write(gitdir: Path, ref: RefName, commit: CommitId) -> None:
    path = gitdir / ref
    owner = path.stat()
    lock = path.with_name(f"{path.name}.lock")
    descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        if owner.st_uid != os.geteuid():
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        file.write(f"{commit}\n".encode())
        file.flush()
        os.fsync(descriptor)
    lock.rename(path)
    sync_directory(path.parent)
