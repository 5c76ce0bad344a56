"""The figures of METRICS by `git log` alone: one call, its text read line by line.

`python -m tests.independent.metrics GITDIR [DAYS]`, run where `tests` is. It shares no code with
what it checks, and counts as docs/metrics.md defines: whoever changes that changes it here as well.
"""

import json
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta

LEDGER = "refs/heads/pawl/ledger"
LOG = (
    "log", "--first-parent", "--diff-merges=first-parent", "--reverse", "-p", "--no-renames",
    "--no-ext-diff", "--text", "--unified=0", "--format=commit %H",
)  # fmt: skip
LANDED, OPENED, CLOSED = "landed", "mission-opened", "mission-closed"


def stories(gitdir):
    """Return mission -> its facts, in their order, as the closings of the ledger add them."""
    done = subprocess.run(
        ["git", "--git-dir", gitdir, *LOG, LEDGER, "--", "missions"],
        capture_output=True, check=True,
    )  # fmt: skip
    found, path = {}, ""
    for line in done.stdout.decode("utf-8", "surrogateescape").split("\n"):
        if line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/")
        elif line.startswith("+{") and "/facts/" in path:
            fact = json.loads(line[1:])
            found.setdefault(fact["mission"], {})[fact["seq"]] = fact
            path = ""
    return {mission: [by[seq] for seq in sorted(by)] for mission, by in found.items()}


def of(facts, *kinds):
    return [one["payload"] for one in facts if one["kind"] in kinds]


def moment(facts, kind):
    return datetime.fromisoformat([one["at"] for one in facts if one["kind"] == kind][-1])


def landing_seconds(facts):
    """Seconds from opening to the last landing of a mission that ended with PASS; None without."""
    if of(facts, CLOSED)[-1]["outcome"] != "PASS" or not of(facts, LANDED):
        return None
    return max(0, int((moment(facts, LANDED) - moment(facts, OPENED)).total_seconds()))


def used(facts):
    """Permissions of landings that came to be."""
    there = {one["commit"] for one in of(facts, LANDED)}
    begun = [one for one in of(facts, "landing-started") if one["landed"] in there]
    return {blob for one in begun for blob in one["permissions"]}


def waivers(facts):
    answers = of(facts, "person-answered")
    return used(facts) - {one["permission"] for one in answers if one["answer"] != "waiver"}


def is_flaky(facts):
    target = [one["verdict"] for one in of(facts, "target-judged") if one["source"] == "ran"]
    classes = [one["class"] for one in of(facts, "failure-classified")]
    return "flaky" in target or "test_flake" in classes


def share(count, whole):
    return {"count": count, "of": whole, "share": round(count / whole, 4) if whole else None}


def nested(pairs):
    found = {}
    for outer, inner in pairs:
        found.setdefault(outer, Counter())[inner] += 1
    return {outer: dict(inner) for outer, inner in found.items()}


def rank(values, percent):
    """The smallest value that at least so many percent of all do not exceed."""
    for value in sorted(values):
        if sum(other <= value for other in values) * 100 >= percent * len(values):
            return value
    return None


def count(told):
    """Return the figures of *told*, stories of closed missions."""
    seconds = {n: s for n, one in enumerate(told) if (s := landing_seconds(one)) is not None}
    landed = [told[n] for n in seconds]
    asked = [one["outcome"] for facts in told for one in of(facts, "person-asked")]
    judged = [r for facts in told for one in of(facts, "gates-judged") for r in one["records"]]
    return {
        "closed": len(told),
        "endings": nested(
            (one["outcome"], one["reason"]) for facts in told for one in of(facts, CLOSED)
        ),
        "landed": len(landed),
        "unaided": share(
            sum(not of(one, "person-asked", "person-answered") and not used(one) for one in landed),
            len(landed),
        ),
        "escalated": share(
            sum(
                any(one["outcome"] == "ESCALATION_REQUESTED" for one in of(facts, "person-asked"))
                for facts in told
            ),
            len(told),
        ),
        "asked": dict(Counter(asked)),
        "opening_to_landing_s": {
            "missions": len(landed),
            "median": rank(list(seconds.values()), 50),
            "p90": rank(list(seconds.values()), 90),
        },
        "attempts_per_landing": share(
            sum(len(of(one, "attempt-ended")) for one in landed), len(landed)
        ),
        "failures": nested(
            (one["stage"], one["class"])
            for facts in told
            for one in of(facts, "failure-classified")
        ),
        "gates": nested((r["gate"], r["verdict"]["kind"]) for r in judged if r["source"] == "ran"),
        "target": dict(
            Counter(
                one["verdict"]
                for facts in told
                for one in of(facts, "target-judged")
                if one["source"] == "ran"
            )
        ),
        "flaky": share(sum(map(is_flaky, told)), len(told)),
        "waived": share(sum(bool(waivers(one)) for one in landed), len(landed)),
        "waivers": sum(len(waivers(one)) for one in landed),
        "answered": dict(
            Counter(one["answer"] for facts in told for one in of(facts, "person-answered"))
        ),
    }


def metrics(gitdir, days=30):
    """Return what `pawl metrics --json` is to say."""
    told = list(stories(gitdir).values())
    when = [moment(facts, CLOSED).date() for facts in told]
    newest = max(when, default=None)
    since = newest - timedelta(days=days - 1) if newest else date.min
    recent = [facts for facts, day in zip(told, when, strict=True) if day >= since]
    window = {"days": days, "since": newest and str(since), "newest": newest and str(newest)}
    return {"schema": 1, "all": count(told), "window": {**window, **count(recent)}}


def main():
    print(json.dumps(metrics(sys.argv[1], *map(int, sys.argv[2:])), indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
