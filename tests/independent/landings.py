"""The target's line: what landed was meant and judged, and is there once; a revert undoes it."""

from tests.independent.content import only_the_flip
from tests.independent.story import Story


def on_target(served, line, stories):
    """Check *line*, the commits of the target since pawl's introduction, oldest first."""
    good = served.good(line)
    ours = [one for one in line if one.oid in good and "Pawl-Mission" in one.trailers]
    reverts = [one for one in ours if "Pawl-Reverts" in one.trailers]
    landings = [one for one in ours if one not in reverts]
    before = {}
    for one in landings:
        mission = one.says("Pawl-Mission")
        mends = one.says("Pawl-Repairs")
        served.must(mends == before.get(mission), mission, "landed more than once")
        before[mission] = one.oid
        landing(served, one, stories.get(mission))
    for one in reverts:
        reverted(served, one, stories.get(one.says("Pawl-Mission")), before)
    on_line = {one.oid for one in landings}
    for story in stories.values():
        landed = story.last("landed")
        served.must(
            landed is None or landed["commit"] in on_line,
            story.mission,
            "landed, and its commit is not on the target's first-parent line",
        )


def reverted(served, one, story, landed):
    """A revert has the tree before its mission's landings in a row, and is on the last."""
    if not served.must(story is not None, one.oid, "a revert of a mission without a ledger"):
        return
    mission = story.mission
    reverts = one.says("Pawl-Reverts")
    served.must(reverts == landed.get(mission), mission, f"reverts {reverts}, no landing of it")
    served.must(one.parents == [reverts], mission, f"its revert is on {one.parents}")
    intents = [
        fact["payload"]["commit"] for fact in story.facts if fact["kind"] == "revert-started"
    ]
    served.must(one.oid in intents, mission, f"{one.oid} reverts without a recorded intent")
    good = served.commit(before(story)).tree
    served.must(one.tree == one.says("Pawl-Tree") == good, mission, "reverts to another tree")
    where = [commit.oid for commit in story.commits]
    served.must(one.says("Pawl-Gates") in where, mission, "its revert names no judgement")


def before(story):
    """Return what its last landing is built on; where that mends one, what that is built on."""
    good = None
    for fact in story.facts:
        if fact["kind"] == "landing-started" and is_landed(story, fact):
            base, repairs = fact["payload"]["base"], fact["payload"]["repairs"]
            good = good if base == repairs else base
    return good


def is_landed(story, started):
    commits = [f["payload"]["commit"] for f in story.facts if f["kind"] == "landed"]
    return started["payload"]["landed"] in commits


def landing(served, one, story):
    if not served.must(story is not None, one.oid, "a landing of a mission without a ledger"):
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
    if not served.must(started, mission, f"{oid} landed without a recorded intent"):
        return
    served.must(one.tree == one.says("Pawl-Tree") == started["tree"], mission, "another tree")
    served.must(one.parents == [started["base"]], mission, f"landed on {one.parents}")
    judged(served, one, story, started)


def judged(served, one, story, started):
    """What landed was judged: that product, on that parent, every gate passed."""
    mission, gates = story.mission, one.says("Pawl-Gates")
    where = [commit.oid for commit in story.commits]
    if not served.must(gates in where, mission, f"its gates are at {gates}, not in its ledger"):
        return
    paths = served.files(served.commit(gates).tree, "facts/")
    facts = story.facts[: len(paths)]
    upto = Story(mission, [], facts)
    verdict, built = upto.last("gates-judged"), upto.last("candidate-built")
    if not served.must(verdict and built, mission, f"{gates} holds no verdict"):
        return
    candidate = built["candidate"]
    served.must(
        (candidate["base"], candidate["tree"]) == (one.parents[0], one.tree),
        mission,
        "what was judged last is another candidate than what landed",
    )
    served.must(verdict["product"] == candidate["product"], mission, "another product was judged")
    served.must(verdict["records"], mission, "no gate judged it")
    used = one.trailers.get("Pawl-Waiver", [])
    served.must(used == started["permissions"], mission, f"{one.oid} names {used}")
    waivers = waived(story, used)
    for record in verdict["records"]:
        passed = record["verdict"]["kind"] == "passed"
        served.must(
            passed or record["gate"] in waivers,
            mission,
            f"landed with gate {record['gate']} not passed",
        )
    same_product(served, mission, one.tree, candidate["product"])
    commit = served.commit(candidate["commit"])
    served.must(
        (commit.tree, commit.parents) == (one.tree, one.parents),
        mission,
        f"the candidate {commit.oid} is not what landed",
    )
    only_the_flip(served, one, story, started)


def waived(story, used):
    """Return the gates that the permissions *used* waive."""
    answers = [fact["payload"] for fact in story.facts if fact["kind"] == "person-answered"]
    return {gate for one in answers if one["permission"] in used for gate in one["gates"]}


def same_product(served, mission, tree, product):
    rows = served.git("diff-tree", "-r", "-z", "--name-only", product, tree).split("\0")
    strays = [
        path for path in rows if path and path != ".pawl/PAUSE" and not path.startswith("waivers/")
    ]
    served.must(not strays, mission, f"its product differs at {strays}")
    kept = [path for path in served.files(product) if path.startswith("waivers/")]
    served.must(not kept, mission, f"its product holds {kept}")
