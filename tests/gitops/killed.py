"""Acts on a repository in a child that strace kills before its k-th system call of a kind.

Run by test_durability.py, once for an act: `killed.py ACT DURABILITY WORK every|count [STEP]`. For
each kill one JSON line: what the refs were, and what they are after the act was tried again.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from gitops import ledger, refs, signing
from gitops.ledger import Keep
from gitops.objects import Batch
from gitops.repository import Store
from policy.mission.attempts import AttemptInterrupted
from policy.mission.record import Recorded

CALLS = (
    "openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,"
    "unlinkat,rmdir,mkdir,mkdirat,fchmod,ftruncate,symlink"
)
PTRACER, ANY = 0x59616D61, ctypes.c_ulong(-1)
MAIN = refs.branch_ref("main")
AT = 1_700_000_000


class Act:
    """One act: what is there before, what is done, what is there after. Ids never differ."""

    def __init__(self, name, durability, work):
        self.name, self.durability, self.work = name, durability, Path(work)
        self.template = self.work / "template.git"
        self.key = signing.DaemonKey.load(self.work / "key")

    def append(self, store, after, seq):
        record = Recorded(
            mission="H-1",
            seq=seq,
            step=f"{seq:064x}",
            at="2026-01-15T12:00:00Z",
            host="here",
            epoch=1,
            policy="d" * 64,
            fact=AttemptInterrupted(n=1, cause="daemon_died"),
        )
        return ledger.append(
            store,
            self.key,
            "H-1",
            after=after,
            records=[record],
            evidence={"a/1": b"x" * 100} | ({"a/2": b"y" * 3000} if seq == 1 else {}),
            code=(),
            sentence=f"fact {seq}",
            at=AT + seq,
            keep=Keep(1000, 9000, self.work / "spill"),
        )

    def commit(self, store, text, *parents):
        batch = Batch(store)
        raw = signing.signed_commit(self.key, batch.tree({}), parents, text, AT)
        commit = batch.commit(raw)
        batch.save()
        return commit

    def prepare(self):
        subprocess.run(["git", "init", "-q", "-b", "main", self.template], check=True)
        for ref in ("refs/pawl/missions", "refs/heads/pawl"):
            (self.template / ".git" / ref).mkdir(parents=True)
        store = self.open(self.template)
        refs.create(store, MAIN, self.commit(store, "one"))
        self.commit(store, "two", refs.read(store, MAIN))
        ledger.create_ledger_root(store, self.key, at=AT)
        if self.name in ("next", "close", "join"):
            self.append(store, None, 1)
        for number in range(80) if self.name == "join" else ():
            if len(list(store.pack_directory.glob("*.pack"))) < 63:
                self.commit(store, f"filler {number}")

    def open(self, place):
        return Store.open(place / ".git", durability=self.durability)

    def do(self, store):
        """Do the act from whatever is there, as a restarted daemon would."""
        tip = refs.read(store, refs.mission_ref("H-1"))
        match self.name:
            case "first":
                return tip or self.append(store, None, 1)
            case "next" | "join":
                done = len(ledger.read(store, "H-1", trusted=self.key.public).records) == 2
                return tip if done else self.append(store, tip, 2)
            case "land":
                one = refs.read(store, MAIN)
                first = store.repo[one].parent_ids == []
                return (
                    refs.move(store, MAIN, to=self.commit(store, "two", one), was=one)
                    if first
                    else one
                )
            case "close":
                if tip is None:
                    return refs.read(store, refs.LEDGER)
                return ledger.close(store, self.key, "H-1", tip, sentence="closed", at=AT)

    def state(self, store):
        return {name: str(store.repo.references[name].target) for name in store.repo.references}


def child(act, place):
    pid = os.fork()
    if pid:
        os.waitpid(pid, os.WUNTRACED)
        return pid
    store = act.open(place)
    ctypes.CDLL(None).prctl(PTRACER, ANY, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    act.do(store)
    os._exit(0)


def trace(act, place, *options):
    """Do the act in a child under strace; return how the child ended and the calls it made."""
    pid = child(act, place)
    log = act.work / "trace"
    strace = subprocess.Popen(
        ["strace", "-p", str(pid), "-o", log, "-e", f"trace={CALLS}", *options],
        stderr=subprocess.PIPE,
        text=True,
    )
    with strace:
        strace.stderr.readline()
        os.kill(pid, signal.SIGCONT)
        status = os.waitpid(pid, 0)[1]
        strace.stderr.read()
    names = [line.partition("(")[0] for line in log.read_text().splitlines() if "(" in line]
    return status, Counter(names)


def fresh(act, number):
    place = act.work / f"at-{number}"
    shutil.rmtree(act.work / "spill", ignore_errors=True)
    shutil.copytree(act.template, place)
    return place


def main(name, durability, work, mode, step="1"):
    act = Act(name, durability, work)
    act.prepare()
    place = fresh(act, "whole")
    before = act.state(act.open(place))
    status, calls = trace(act, place)
    after = act.state(act.open(place))
    print(json.dumps({"calls": calls, "status": status, "before": before, "after": after}))
    points = [(call, k) for call in sorted(calls) for k in range(1, calls[call] + 1)]
    for number, (call, k) in enumerate(points[:: int(step)] if mode == "every" else ()):
        place = fresh(act, number)
        status, _ = trace(act, place, "-e", f"inject={call}:signal=KILL:when={k}")
        print(json.dumps({"point": f"{call} {k}", "status": status, **aftermath(act, place)}))
        shutil.rmtree(place)


def aftermath(act, place):
    """Look at what the kill left, put it in order as recovery does, and do the act again."""
    left = act.state(act.open(place))
    for lock in place.rglob("*.lock"):
        lock.unlink()
    store = act.open(place)
    act.do(store)
    fsck = subprocess.run(
        ["git", "-C", place, "fsck", "--strict", "--full", "--no-dangling", "--no-progress"],
        capture_output=True,
        text=True,
        check=False,
    )
    empty = [str(p) for p in place.rglob("*") if p.is_file() and not p.stat().st_size]
    empty = [p for p in empty if "/pack/pawl-" not in p]
    said = f"{fsck.returncode} {fsck.stdout} {fsck.stderr}".strip()
    return {"left": left, "then": act.state(act.open(place)), "fsck": said, "empty": empty}


if __name__ == "__main__":
    main(*sys.argv[1:])
