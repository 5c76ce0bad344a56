"""The ledger: its branch grows by closings, a mission's commits by facts, and nothing is edited."""

import hashlib
import json

from tests.independent.story import Story, adopted, replayed


def ledger(served, tip):
    """Check the ledger branch; return mission -> last ledger commit of what is closed."""
    root, *closings = served.line(tip)
    good = served.good([root, *closings])
    served.must(not root.parents, root.oid, "the ledger begins with a commit that has a parent")
    served.must(not served.files(root.tree), root.oid, "the ledger begins with files")
    before, found = root, {}
    for one in [root, *closings]:
        served.must(one.oid in good, one.oid, "a commit of the ledger is not the daemon's")
    for one in closings:
        if "Pawl-Pages" in one.trailers:
            paged(served, before, one)
            before = one
            continue
        mission = one.says("Pawl-Mission")
        if not served.must(mission and len(one.parents) == 2, one.oid, "is no closing"):
            continue
        served.must(mission not in found, mission, "closed twice")
        found[mission] = one.parents[1]
        closing(served, mission, before, one)
        before = one
    return found


PAGES = {f"{n}.md" for n in ("BLOCKED", "HANDOFF", "INBOX", "METRICS", "QUEUE", "UMBRELLAS")}


def paged(served, before, one):
    """A commit of pages changes those it names, closes nothing and follows one parent."""
    served.must(one.parents == [before.oid], one.oid, "pages with another parent than the line")
    served.must("Pawl-Mission" not in one.trailers, one.oid, "pages that close a mission")
    named = (one.says("Pawl-Pages") or "").split()
    changed = served.git("diff-tree", "-r", "--name-only", "-z", before.oid, one.oid).split("\0")
    changed = [path for path in changed if path]
    served.must(changed == sorted(named) != [], one.oid, f"says {named} and changes {changed}")
    served.must({*changed} <= PAGES, one.oid, f"changes {changed}, which are no pages")
    there = served.files(one.tree)
    for path in changed:
        if served.must(path in there, one.oid, f"removes {path}"):
            head = served.blob(there[path][1]).split(b"\n", 1)[0]
            served.must(b"do not edit" in head, one.oid, f"{path} does not say it is generated")


def closing(served, mission, before, one):
    digest = hashlib.sha256(mission.encode()).hexdigest()
    shard = f"missions/{digest[:2]}/{digest[2:4]}/{mission}"
    there = served.git("rev-parse", f"{one.oid}:{shard}").strip()
    last = served.commit(one.parents[1])
    served.must(there == last.tree, mission, f"{shard} is not its last ledger commit's tree")
    strays = served.git("diff-tree", "-r", "--name-only", "-z", before.oid, one.oid).split("\0")
    strays = [path for path in strays if path and not path.startswith(shard + "/")]
    served.must(not strays, mission, f"its closing changes {strays}")


def told(served, mission, tip):
    """Check a mission's ledger commits up to *tip*; return what they tell."""
    story = Story(mission, served.line(tip))
    good = served.good(story.commits)
    before, seen = {}, set()
    for one in story.commits:
        served.must(one.oid in good, mission, f"{one.oid} is not signed by the daemon")
        here = served.files(one.tree, "facts/")
        for path, entry in before.items():
            served.must(here.get(path) == entry, mission, f"{one.oid} edits {path}")
        step(served, story, one, sorted(here.keys() - before.keys()), here=here, seen=seen)
        before = here
    replayed(served, story)
    adopted(served, story)
    return story


def step(served, story, commit, new, *, here, seen):
    mission, steps = story.mission, []
    names = [f"facts/{name}.json" for name in commit.trailers.get("Pawl-Fact", [])]
    served.must(new and names == new, mission, f"{commit.oid} adds {new} and says {names}")
    for path in new:
        fact = json.loads(served.blob(here[path][1]))
        number = len(story.facts) + 1
        expected = f"facts/{number:04d}-{fact['kind']}.json"
        served.must(path == expected, mission, f"{path} is there instead of {expected}")
        served.must(
            (fact["seq"], fact["mission"], fact["schema"]) == (number, mission, 1),
            mission,
            f"{path} says it is {fact['seq']} of {fact['mission']}",
        )
        mark = (fact["step"], fact["kind"])
        served.must(mark not in seen, mission, f"{path} repeats step {fact['step']}")
        seen.add(mark)
        steps.append(fact["step"])
        anchored(served, mission, commit, fact)
        story.facts.append(fact)
    said = commit.trailers.get("Pawl-Step", [])
    served.must(said == list(dict.fromkeys(steps)), mission, f"{commit.oid} says steps {said}")


def anchored(served, mission, commit, fact):
    """What a fact names must be a parent, so that no pruning takes it."""
    body = fact["payload"]
    named = {
        "attempt-ended": body.get("checkpoint"),
        "candidate-built": body.get("candidate", {}).get("commit"),
        "landing-started": body.get("landed"),
        "revert-started": body.get("commit"),
    }.get(fact["kind"])
    holds = named is None or named in commit.parents
    served.must(holds, mission, f"{commit.oid} does not hold {named} of {fact['kind']}")
