"""One mission as its ledger tells it: fact after fact, each where DESIGN 4.4 lets it follow."""

from dataclasses import dataclass, field

from tests.independent.served import Commit

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
    WAITING: {"permissions-seen": WAITING},
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
class Story:
    """One mission: its ledger commits, oldest first, and its facts."""

    mission: str
    commits: list[Commit]
    facts: list[dict] = field(default_factory=list)

    def last(self, kind):
        return next((one["payload"] for one in reversed(self.facts) if one["kind"] == kind), None)


def adopted(served, story):
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
            served.must(said, story.mission, f"{fact['seq']} adopts {record['gate']} of nothing")


BUILT_IN = {"scope", "protected", "limits", "secrets", "tree", "red_first", "tests", "done"}


def told(ran, good, failed, held):
    """Note what gates of the policy failed a landing, and which of them hold without it."""
    for record in ran["records"]:
        mark = (record["gate"], record["definition"], ran["environment"])
        if ran["commit"] == good and record["verdict"]["kind"] == "passed":
            held.add(mark)
        if ran["commit"] != good and record["verdict"]["kind"] == "failed":
            failed |= {mark} if record["gate"] not in BUILT_IN else set()


ANSWERED = {"waiver": BUILT, "resume": OPEN, "grant": OPEN, "rejection": WAITING, "abort": WAITING}
ANSWERS = {
    "open": {"approval"},
    "checkpoint": {"approval"},
    "land": {"approval"},
    "waive": {"waiver"},
    "limit": {"resume", "grant"},
}


def answered(fact, asked, back):
    """Return where a person's answer leads to; None where it is none to what was asked."""
    body = fact["payload"]
    kinds = ANSWERS[asked["need"]["kind"]] | {"rejection", "abort"} if asked else set()
    if asked is None or body["request"] != asked["request"] or body["answer"] not in kinds:
        return None
    return ANSWERED.get(body["answer"], back)


def replayed(served, story):
    state, epochs = None, {}
    asked, back, ended = None, None, None
    mends, verdict = False, None
    good, failed, held = None, set(), set()
    for fact in story.facts:
        kind = fact["kind"]
        if kind == "attempt-started" and state == SETTLED:
            mends = True
            served.must(verdict == "failed", story.mission, "mends what was not judged red")
        if kind in ("repair-ended", "landed"):
            served.must(mends or kind == "landed", story.mission, "ends a repair of nothing")
            mends = False
        if kind == "target-judged":
            verdict = fact["payload"]["verdict"]
        if kind == "landing-started":
            base, repairs = fact["payload"]["base"], fact["payload"]["repairs"]
            good, failed, held = (good if base == repairs else base), set(), set()
        if kind == "target-judging" and fact["payload"]["run"] == 1:
            anew = fact["payload"]["commit"] != good
            failed, held = (set(), set()) if anew else (failed, held)
        if kind == "target-ran":
            told(fact["payload"], good, failed, held)
        if kind == "revert-started":
            served.must(verdict == "failed", story.mission, "reverts what was not judged red")
            laid = failed <= held
            served.must(laid, story.mission, "reverts what may have been red before it landed")
        if kind == "mission-closed":
            served.must(not mends, story.mission, "closed while it mends the target")
            green = state != SETTLED or verdict in ("passed", "flaky")
            served.must(green, story.mission, f"closed on a target that was judged {verdict}")
        after = NEXT[state].get(kind)
        if kind == "person-asked":
            asked, back = fact["payload"], state
        if kind == "person-answered" and state == WAITING:
            after = answered(fact, asked, back)
            asked, ended = None, fact["payload"]["answer"]
        if kind == "request-withdrawn" and state == WAITING and asked is not None:
            after = back if fact["payload"]["request"] == asked["request"] else None
        if kind == "mission-closed" and state == WAITING and ended == "rejection":
            after = CLOSED if fact["payload"]["reason"] == "rejected_by_person" else None
        if kind == "mission-taken":
            after = None if state in (None, CLOSED) else state
        if kind == "mission-closed" and fact["payload"]["outcome"] == "CANCELLED":
            after = CLOSED if state in CANCELLABLE else None
        if not served.must(after, story.mission, f"{fact['seq']} ({kind}) after {state}"):
            return
        host, epoch = fact["host"], fact["epoch"]
        newer = epoch >= epochs.get(host, 0)
        served.must(newer, story.mission, f"{fact['seq']} is of an older epoch")
        state, epochs[host] = after, epoch


def closes(served, story):
    kinds = [fact["kind"] for fact in story.facts]
    served.must(kinds[-1:] == ["mission-closed"], story.mission, f"closed, and ends {kinds[-1:]}")
