"""An audit of a served repository by git and ssh-keygen alone: `audit.py GITDIR TRUST-FILE`.

It shares no code with what it audits, and reads DESIGN 4 anew: whoever changes the format changes
it here as well. Prints each problem on a line and exits 1 if there is one.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

LEDGER = "refs/heads/pawl/ledger"
MISSIONS = "refs/pawl/missions/"
GIT = (
    "git",
    "--no-replace-objects",
    "-c",
    "core.quotePath=false",
    "-c",
    "gpg.format=ssh",
)
ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}

# DESIGN 4.4: state -> fact -> state.
OPEN, BUILDING, BUILT, PROPOSED, JUDGED = "Opened", "Building", "Built", "Proposed", "Judged"
LANDING, LANDED, SETTLED, CLOSED = "Landing", "Landed", "Settled", "Closed"
FAILED, WAITING, REVERTING = "Failed", "Waiting", "Reverting"
NEXT = {
    None: {"mission-opened": OPEN},
    OPEN: {"attempt-started": BUILDING, "person-asked": WAITING},
    BUILDING: {"attempt-interrupted": OPEN, "attempt-ended": BUILT},
    BUILT: {"candidate-built": PROPOSED},
    PROPOSED: {"gates-judged": JUDGED, "candidate-built": PROPOSED, "person-asked": WAITING},
    JUDGED: {"landing-started": LANDING, "candidate-built": PROPOSED, "person-asked": WAITING},
    LANDING: {"landed": LANDED, "landing-missed": BUILT},
    LANDED: {"target-judging": LANDED, "target-ran": LANDED, "target-judged": SETTLED},
    SETTLED: {
        "mission-closed": CLOSED,
        "target-judging": LANDED,
        "attempt-started": BUILDING,
        "revert-started": REVERTING,
    },
    REVERTING: {"revert-missed": SETTLED, "reverted": LANDED},
    FAILED: {"attempt-started": BUILDING, "person-asked": WAITING, "mission-closed": CLOSED},
    WAITING: {},
    CLOSED: {},
}
for _state in (BUILT, JUDGED):
    NEXT[_state]["failure-classified"] = FAILED
for _state in (BUILT, PROPOSED, JUDGED):
    NEXT[_state]["candidate-conflicted"] = FAILED
for _state in (OPEN, BUILT, PROPOSED, JUDGED, FAILED):
    NEXT[_state]["repair-ended"] = SETTLED
CANCELLABLE = {OPEN, BUILDING, BUILT, PROPOSED, JUDGED, FAILED, WAITING}


@dataclass
class Commit:
    oid: str
    tree: str
    parents: list[str]
    signed: bool
    message: str

    @property
    def trailers(self):
        """Return key -> values of the last paragraph, where each of its lines is a trailer."""
        found = {}
        for line in self.message.rstrip("\n").split("\n\n")[-1].splitlines():
            key, colon, value = line.partition(": ")
            if not colon:
                return {}
            found.setdefault(key, []).append(value)
        return found

    def says(self, key):
        values = self.trailers.get(key, [])
        return values[0] if len(values) == 1 else None


@dataclass
class Story:
    """One mission: its ledger commits, oldest first, and its facts."""

    mission: str
    commits: list[Commit]
    facts: list[dict] = field(default_factory=list)

    def last(self, kind):
        return next((one["payload"] for one in reversed(self.facts) if one["kind"] == kind), None)


class Audit:
    def __init__(self, gitdir, trust):
        self.gitdir = Path(gitdir)
        words = dict(re.findall(r"^(\w+): *(.*)$", Path(trust).read_text(), re.MULTILINE))
        self.key, self.target = words["daemon_key"], "refs/heads/" + words["target"]
        text = Path(trust).read_text().partition("\npeers:")[2]
        self.keys = [self.key, *re.findall(r"^\s*- (ssh-ed25519 .*)$", text, re.MULTILINE)]
        self.introduction = words["introduction"]
        self.problems = []
        self._commits = {}

    def git(self, *argv, text=True, code=0):
        done = subprocess.run(
            [*GIT, "--git-dir", self.gitdir, *argv], capture_output=True, check=False, env=ENV
        )
        if done.returncode != code:
            raise RuntimeError(f"git {argv}: {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode("utf-8", "surrogateescape") if text else done.stdout

    def wrong(self, where, what):
        self.problems.append(f"{where}: {what}")

    def must(self, holds, where, what):
        if not holds:
            self.wrong(where, what)
        return holds

    # reading

    def commit(self, oid):
        if oid not in self._commits:
            head, _, message = self.git("cat-file", "commit", oid).partition("\n\n")
            lines = head.split("\n")
            self._commits[oid] = Commit(
                oid,
                lines[0].removeprefix("tree "),
                [one.removeprefix("parent ") for one in lines if one.startswith("parent ")],
                any(one.startswith("gpgsig ") for one in lines),
                message,
            )
        return self._commits[oid]

    def line(self, tip, *without):
        """Return the first-parent line up to *tip*, oldest first."""
        rows = self.git("rev-list", "--first-parent", "--reverse", tip, *without, "--")
        return [self.commit(oid) for oid in rows.split()]

    def refs(self):
        rows = self.git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
        return {ref: oid for oid, ref in (row.split(" ", 1) for row in rows)}

    def files(self, tree, under=""):
        """Return path -> (mode, oid) of all files of *tree*."""
        rows = self.git("ls-tree", "-r", "-z", tree, *([under] if under else ())).split("\0")
        parts = (row.split("\t", 1) for row in rows if row)
        return {path: (meta.split()[0], meta.split()[2]) for meta, path in parts}

    def blob(self, oid):
        return self.git("cat-file", "blob", oid, text=False)

    def good(self, commits):
        """Return those of *commits* that the daemon's key signed."""
        signed = [one.oid for one in commits if one.signed]
        with tempfile.NamedTemporaryFile("w") as signers:
            signers.writelines(f'* namespaces="git" {key}\n' for key in self.keys)
            signers.flush()
            ask = ("-c", f"gpg.ssh.allowedSignersFile={signers.name}", "verify-commit")
            try:
                if signed:
                    self.git(*ask, *signed)
            except RuntimeError:
                return {oid for oid in signed if self._verifies(ask, oid)}
        return set(signed)

    def _verifies(self, ask, oid):
        try:
            self.git(*ask, oid)
        except RuntimeError:
            return False
        return True

    # the audit

    def run(self):
        refs = self.refs()
        closed = self.ledger(refs[LEDGER]) if LEDGER in refs else {}
        open_ = {
            ref.removeprefix(MISSIONS): oid for ref, oid in refs.items() if ref.startswith(MISSIONS)
        }
        tips = {**closed, **{one: oid for one, oid in open_.items() if one not in closed}}
        for mission in closed.keys() & open_.keys():
            self.must(open_[mission] == closed[mission], mission, "closed, and open elsewhere")
        stories = {mission: self.story(mission, tip) for mission, tip in tips.items()}
        for mission in closed:
            self.closed(stories[mission])
        for mission in open_.keys() - closed.keys():
            kinds = [fact["kind"] for fact in stories[mission].facts]
            refs_of_work = f"refs/heads/pawl/work/{mission}"
            self.must(kinds, mission, f"open without a fact ({refs_of_work})")
        if self.target in refs:
            self.landings(self.line(self.target, f"^{self.introduction}"), stories)
        return self.problems

    def ledger(self, tip):
        """Check the ledger branch; return mission -> last ledger commit of what is closed."""
        root, *closings = self.line(tip)
        good = self.good([root, *closings])
        self.must(not root.parents, root.oid, "the ledger begins with a commit that has a parent")
        self.must(not self.files(root.tree), root.oid, "the ledger begins with files")
        before, found = root, {}
        for one in [root, *closings]:
            self.must(one.oid in good, one.oid, "a commit of the ledger is not the daemon's")
        for one in closings:
            mission = one.says("Pawl-Mission")
            if not self.must(mission and len(one.parents) == 2, one.oid, "is no closing"):
                continue
            self.must(mission not in found, mission, "closed twice")
            found[mission] = one.parents[1]
            self.closing(mission, before, one)
            before = one
        return found

    def closing(self, mission, before, one):
        digest = hashlib.sha256(mission.encode()).hexdigest()
        shard = f"missions/{digest[:2]}/{digest[2:4]}/{mission}"
        there = self.git("rev-parse", f"{one.oid}:{shard}").strip()
        last = self.commit(one.parents[1])
        self.must(there == last.tree, mission, f"{shard} is not its last ledger commit's tree")
        strays = self.git("diff-tree", "-r", "--name-only", "-z", before.oid, one.oid).split("\0")
        strays = [path for path in strays if path and not path.startswith(shard + "/")]
        self.must(not strays, mission, f"its closing changes {strays}")

    def story(self, mission, tip):
        story = Story(mission, self.line(tip))
        good = self.good(story.commits)
        before, seen = {}, set()
        for one in story.commits:
            self.must(one.oid in good, mission, f"{one.oid} is not signed by the daemon")
            here = self.files(one.tree, "facts/")
            for path, entry in before.items():
                self.must(here.get(path) == entry, mission, f"{one.oid} edits {path}")
            self.step(story, one, sorted(here.keys() - before.keys()), here, seen)
            before = here
        self.replayed(story)
        self.adopted(story)
        return story

    def adopted(self, story):
        """What was not run was run before: that gate, on that product, in that environment."""
        ran = set()
        for fact in story.facts:
            if fact["kind"] != "gates-judged":
                continue
            body = fact["payload"]
            for record in body["records"]:
                mark = (record["gate"], record["definition"], body["product"], body["environment"])
                if record["source"] == "ran" and record["verdict"]["kind"] == "passed":
                    ran.add(mark)
                said = record["source"] == "ran" or mark in ran
                self.must(said, story.mission, f"{fact['seq']} adopts {record['gate']} of nothing")

    def step(self, story, commit, new, here, seen):
        mission, steps = story.mission, []
        names = [f"facts/{name}.json" for name in commit.trailers.get("Pawl-Fact", [])]
        self.must(new and names == new, mission, f"{commit.oid} adds {new} and says {names}")
        for path in new:
            fact = json.loads(self.blob(here[path][1]))
            number = len(story.facts) + 1
            expected = f"facts/{number:04d}-{fact['kind']}.json"
            self.must(path == expected, mission, f"{path} is there instead of {expected}")
            self.must(
                (fact["seq"], fact["mission"], fact["schema"]) == (number, mission, 1),
                mission,
                f"{path} says it is {fact['seq']} of {fact['mission']}",
            )
            mark = (fact["step"], fact["kind"])
            self.must(mark not in seen, mission, f"{path} repeats step {fact['step']}")
            seen.add(mark)
            steps.append(fact["step"])
            self.anchored(mission, commit, fact)
            story.facts.append(fact)
        said = commit.trailers.get("Pawl-Step", [])
        self.must(said == list(dict.fromkeys(steps)), mission, f"{commit.oid} says steps {said}")

    def anchored(self, mission, commit, fact):
        """What a fact names must be a parent, so that no pruning takes it."""
        body = fact["payload"]
        named = {
            "attempt-ended": body.get("checkpoint"),
            "candidate-built": body.get("candidate", {}).get("commit"),
            "landing-started": body.get("landed"),
            "revert-started": body.get("commit"),
        }.get(fact["kind"])
        holds = named is None or named in commit.parents
        self.must(holds, mission, f"{commit.oid} does not hold {named} of {fact['kind']}")

    def replayed(self, story):
        state, epochs = None, {}
        mends, verdict = False, None
        for fact in story.facts:
            kind = fact["kind"]
            if kind == "attempt-started" and state == SETTLED:
                mends = True
                self.must(verdict == "failed", story.mission, "mends what was not judged red")
            if kind in ("repair-ended", "landed"):
                self.must(mends or kind == "landed", story.mission, "ends a repair of nothing")
                mends = False
            if kind == "target-judged":
                verdict = fact["payload"]["verdict"]
            if kind == "revert-started":
                self.must(verdict == "failed", story.mission, "reverts what was not judged red")
            if kind == "mission-closed":
                self.must(not mends, story.mission, "closed while it mends the target")
                green = state != SETTLED or verdict in ("passed", "flaky")
                self.must(green, story.mission, f"closed on a target that was judged {verdict}")
            after = NEXT[state].get(kind)
            if kind == "mission-taken":
                after = None if state in (None, CLOSED) else state
            if kind == "mission-closed" and fact["payload"]["outcome"] == "CANCELLED":
                after = CLOSED if state in CANCELLABLE else None
            if not self.must(after, story.mission, f"{fact['seq']} ({kind}) after {state}"):
                return
            host, epoch = fact["host"], fact["epoch"]
            newer = epoch >= epochs.get(host, 0)
            self.must(newer, story.mission, f"{fact['seq']} is of an older epoch")
            state, epochs[host] = after, epoch

    def closed(self, story):
        kinds = [fact["kind"] for fact in story.facts]
        self.must(kinds[-1:] == ["mission-closed"], story.mission, f"closed, and ends {kinds[-1:]}")

    def landings(self, line, stories):
        good = self.good(line)
        ours = [one for one in line if one.oid in good and "Pawl-Mission" in one.trailers]
        reverts = [one for one in ours if "Pawl-Reverts" in one.trailers]
        landings = [one for one in ours if one not in reverts]
        before = {}
        for one in landings:
            mission = one.says("Pawl-Mission")
            mends = one.says("Pawl-Repairs")
            self.must(mends == before.get(mission), mission, "landed more than once")
            before[mission] = one.oid
            self.landing(one, stories.get(mission))
        for one in reverts:
            self.reverted(one, stories.get(one.says("Pawl-Mission")), before)
        on_line = {one.oid for one in landings}
        for story in stories.values():
            landed = story.last("landed")
            self.must(
                landed is None or landed["commit"] in on_line,
                story.mission,
                "landed, and its commit is not on the target's first-parent line",
            )

    def reverted(self, one, story, landed):
        """A revert has the tree before its mission's first landing, and is on its last."""
        if not self.must(story is not None, one.oid, "a revert of a mission without a ledger"):
            return
        mission = story.mission
        reverts = one.says("Pawl-Reverts")
        self.must(reverts == landed.get(mission), mission, f"reverts {reverts}, no landing of it")
        self.must(one.parents == [reverts], mission, f"its revert is on {one.parents}")
        intents = [
            fact["payload"]["commit"] for fact in story.facts if fact["kind"] == "revert-started"
        ]
        self.must(one.oid in intents, mission, f"{one.oid} reverts without a recorded intent")
        first = next(
            f["payload"]
            for f in story.facts
            if f["kind"] == "landing-started"
            and f["payload"]["repairs"] is None
            and self.is_landed(story, f)
        )
        good = self.commit(first["base"]).tree
        self.must(one.tree == one.says("Pawl-Tree") == good, mission, "reverts to another tree")
        where = [commit.oid for commit in story.commits]
        self.must(one.says("Pawl-Gates") in where, mission, "its revert names no judgement")

    def is_landed(self, story, started):
        commits = [f["payload"]["commit"] for f in story.facts if f["kind"] == "landed"]
        return started["payload"]["landed"] in commits

    def landing(self, one, story):
        if not self.must(story is not None, one.oid, "a landing of a mission without a ledger"):
            return
        mission, oid = story.mission, one.oid
        started = next(
            (
                fact["payload"]
                for fact in story.facts
                if fact["kind"] == "landing-started" and fact["payload"]["landed"] == oid
            ),
            None,
        )
        if not self.must(started, mission, f"{oid} landed without a recorded intent"):
            return
        self.must(one.tree == one.says("Pawl-Tree") == started["tree"], mission, "another tree")
        self.must(one.parents == [started["base"]], mission, f"landed on {one.parents}")
        self.judged(one, story, started)

    def judged(self, one, story, started):
        """What landed was judged: that product, on that parent, every gate passed."""
        mission, gates = story.mission, one.says("Pawl-Gates")
        where = [commit.oid for commit in story.commits]
        if not self.must(gates in where, mission, f"its gates are at {gates}, not in its ledger"):
            return
        paths = self.files(self.commit(gates).tree, "facts/")
        facts = story.facts[: len(paths)]
        upto = Story(mission, [], facts)
        judged, built = upto.last("gates-judged"), upto.last("candidate-built")
        if not self.must(judged and built, mission, f"{gates} holds no verdict"):
            return
        candidate = built["candidate"]
        self.must(
            (candidate["base"], candidate["tree"]) == (one.parents[0], one.tree),
            mission,
            "what was judged last is another candidate than what landed",
        )
        self.must(judged["product"] == candidate["product"], mission, "another product was judged")
        self.must(judged["records"], mission, "no gate judged it")
        for record in judged["records"]:
            passed = record["verdict"]["kind"] == "passed"
            waived = "Pawl-Waiver" in one.trailers
            self.must(passed or waived, mission, f"landed with gate {record['gate']} not passed")
        self.product(mission, one.tree, candidate["product"])
        commit = self.commit(candidate["commit"])
        self.must(
            (commit.tree, commit.parents) == (one.tree, one.parents),
            mission,
            f"the candidate {commit.oid} is not what landed",
        )
        self.only_the_flip(one, story, started)

    def product(self, mission, tree, product):
        rows = self.git("diff-tree", "-r", "-z", "--name-only", product, tree).split("\0")
        strays = [
            path
            for path in rows
            if path and path != ".pawl/PAUSE" and not path.startswith("waivers/")
        ]
        self.must(not strays, mission, f"its product differs at {strays}")
        kept = [path for path in self.files(product) if path.startswith("waivers/")]
        self.must(not kept, mission, f"its product holds {kept}")

    def changes(self, old, new):
        """Return path -> (old, new), each (mode, oid)."""
        rows = self.git("diff-tree", "-r", "-z", "--no-renames", old, new).split("\0")
        found = {}
        for meta, path in zip(rows[0::2], rows[1::2], strict=False):
            was_mode, mode, was, now, _ = meta.removeprefix(":").split()
            found[path] = ((was_mode, was), (mode, now))
        return found

    def only_the_flip(self, one, story, started):
        mission = story.mission
        n = started["n"]
        attempts = [fact["payload"] for fact in story.facts if fact["payload"].get("n") == n]
        begun = [a for a in attempts if "argv" in a][-1]
        ended = next(a for a in attempts if "checkpoint" in a)
        own = self.changes(begun["base"], ended["tree"])
        landed = self.changes(one.parents[0], one.oid)
        item = [path for path in landed if self.is_flip(landed[path])]
        flips = 0 if "Pawl-Repairs" in one.trailers else 1
        if not self.must(len(item) == flips, mission, f"its landing flips {item}"):
            return
        for path, (was, now) in landed.items():
            if path in item:
                continue
            if self.must(path in own, mission, f"its landing changes {path}, the mission did not"):
                before, after = own[path]
                self.must(
                    now == after or (was != before and self.merges(before, was, after, now)),
                    mission,
                    f"{path} landed with another content than was built",
                )
        for path, (before, after) in own.items():
            self.must(
                path in landed or self.stands(one.parents[0], path, before, after),
                mission,
                f"{path} was built and did not land",
            )

    def is_flip(self, change):
        (was_mode, was), (mode, now) = change
        if was_mode != mode or not int(was, 16) or not int(now, 16):
            return False
        old, new = (self.blob(oid).splitlines() for oid in (was, now))
        if self.is_tick(old, new):
            return True
        status = re.compile(rb"""["']?status["']?\s*:\s*["']?(\w+)["']?\s*(#.*)?$""")
        said = [match[1] for line in new if (match := status.match(line))]
        rest = [[line for line in side if not status.match(line)] for side in (old, new)]
        return said == [b"done"] and rest[0] == rest[1]

    def is_tick(self, old, new):
        """Whether one box of a Markdown backlog is ticked, and nothing else changed."""
        if len(old) != len(new):
            return False
        changed = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
        if len(changed) != 1:
            return False
        before, after = (line.removeprefix(b"\xef\xbb\xbf") for line in changed[0])
        return before.startswith(b"- [ ] **") and after == b"- [x]" + before[5:]

    def merges(self, before, was, after, now):
        """Whether *now* is the text merge of what the target and the mission did to a file."""
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / name for name in ("ours", "base", "theirs")]
            for path, (_, oid) in zip(files, (was, before, after), strict=True):
                path.write_bytes(self.blob(oid) if int(oid, 16) else b"")
            done = subprocess.run(
                [*GIT, "merge-file", "-p", *files], capture_output=True, check=False, env=ENV
            )
        return done.returncode == 0 and done.stdout == self.blob(now[1])

    def stands(self, base, path, before, after):
        """Whether the target had the mission's change of *path* already, or it is its own item."""
        there = self.files(base).get(path)
        gone = there is None and not int(after[1], 16)
        return gone or there == after or (there == before and path.startswith("backlog/"))


def audit(gitdir, trust):
    """Return what is wrong with the repository at *gitdir*, judged by the trust file *trust*."""
    return Audit(gitdir, trust).run()


def main():
    problems = audit(*sys.argv[1:])
    print("\n".join(problems) or "nothing is wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
