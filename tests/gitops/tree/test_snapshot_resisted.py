"""Snapshots of a builder that works against them: moves files meanwhile, takes rights away."""

import os
import threading

import pytest

from gitops.objects import Batch
from gitops.tree.snapshot import snapshot_overlay
from gitops.tree.survey import Surveyor
from policy.bus.result import Refused, Taken


class Nothing:
    """No .gitignore names anything."""

    def among(self, _folder, _names):
        return set()


def test_a_folder_swapped_for_a_link_is_never_followed(upper, base, tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_bytes(b"O10 marker")
    upper.write("d/key", b"harmless")

    walk = Surveyor.folder

    def swapped(survey, descriptor, tree, path=b"", *rest, **more):
        plan = walk(survey, descriptor, tree, path, *rest, **more)
        if not path:
            upper.path("d").rename(tmp_path / "moved")
            upper.path("d").symlink_to(secret)
        return plan

    monkeypatch.setattr(Surveyor, "folder", swapped)
    answer, batch = upper.taken(base)
    assert isinstance(answer, Refused)
    assert answer.reason == "changed"
    assert not [oid for oid in batch._entries if b"O10" in batch._read(oid, "blob")]


def test_a_file_that_changes_after_the_first_look_is_refused(upper, base, monkeypatch):
    upper.write("a.txt", b"one")
    walk = Surveyor.folder

    def meanwhile(survey, *rest, **more):
        plan = walk(survey, *rest, **more)
        upper.write("a.txt", b"another")
        return plan

    monkeypatch.setattr(Surveyor, "folder", meanwhile)
    answer, _ = upper.taken(base)
    assert (answer.reason, answer.path) == ("changed", "a.txt")


def test_a_writer_that_lives_on_never_gets_half_a_file_taken(upper, base, listed):
    contents = [bytes([byte]) * 20_000 for byte in b"xy"]
    upper.write("busy", contents[0])
    stop = threading.Event()

    def write():
        while not stop.is_set():
            for content in contents:
                upper.write("tmp", content)
                upper.path("tmp").rename(upper.path("busy"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(50):
            answer, batch = upper.taken(base)
            match answer:
                case Refused(reason=reason):
                    assert reason == "changed"
                case Taken(tree=tree):
                    assert listed(batch, tree)[b"busy"][1] in contents
    finally:
        stop.set()
        writer.join()


def test_what_a_builder_made_unreadable_is_read_all_the_same(
    upper, store, as_nobody, listed, nobody
):
    batch = Batch(store)
    base = batch.tree({})
    upper.write("locked/file", b"1", 0o000)
    upper.write("listed-only/file", b"2")
    upper.write("open", b"3", 0o100)
    for name, mode in (("locked", 0), ("listed-only", 0o400), (".", 0)):
        upper.path(name).chmod(mode)
    if nobody:
        for name in ("", "locked", "listed-only", "locked/file", "listed-only/file", "open"):
            os.chown(upper.path(name), nobody.uid, nobody.gid)
    descriptor = os.open(upper.top, os.O_RDONLY if nobody else os.O_PATH)

    def take():
        taken = snapshot_overlay(
            descriptor, batch=batch, base=base, limits=upper.limits, ignored=Nothing()
        )
        return listed(batch, taken.tree) if isinstance(taken, Taken) else taken

    assert as_nobody(take) == {
        b"locked/file": (0o100644, b"1"),
        b"listed-only/file": (0o100644, b"2"),
        b"open": (0o100755, b"3"),
    }


def test_what_the_daemon_may_not_read_is_refused(upper, store, as_nobody, nobody):
    if nobody is None:
        pytest.fail("this test needs root, to own a file that the unprivileged child may not read")
    batch = Batch(store)
    base = batch.tree({})
    upper.write("foreign", b"1", 0o600)
    upper.top.chmod(0o755)
    descriptor = os.open(upper.top, os.O_RDONLY)

    def take():
        return snapshot_overlay(
            descriptor, batch=batch, base=base, limits=upper.limits, ignored=Nothing()
        )

    answer = as_nobody(take)
    assert (answer.reason, answer.path) == ("unreadable", "foreign")
