"""The audit sees what it is there for: each of these repositories was wrong on purpose."""

import json
import shutil
import time

import pytest

from gitops import signing
from tests.daemon.faults.lives import ALONE
from tests.independent.audit import audit
from tests.independent.governed import governed
from tests.independent.story import Story

pytestmark = pytest.mark.unaudited("the audit itself is asked here, about what a test made wrong")
LEDGER = "refs/heads/pawl/ledger"


@pytest.fixture
def house(copied):
    house = copied(ALONE)
    house.runs()
    return house


def problems(house):
    return "\n".join(audit(house.gitdir, house.outside.config / "trust.yaml"))


def signs(house, tree, parents, message):
    """Make a commit that the daemon's own key signed."""
    key = signing.DaemonKey.load(house.outside.key)
    raw = signing.signed_commit(key, tree, tuple(parents), message, int(time.time()))
    (house.path.parent / "raw").write_bytes(raw)
    path = str(house.path.parent / "raw")
    return house.git("hash-object", "-t", "commit", "-w", "--literally", path)


def tree_with(house, commit, path, content):
    """Return the tree of *commit* with *content* at *path*."""
    blob = house.git("hash-object", "-w", "--stdin", stdin=content)
    house.git("read-tree", "--index-output=.git/other", commit)
    index = house.gitdir / "other"
    shutil.copy(index, house.gitdir / "index")
    house.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    return house.git("write-tree")


def message(house, commit):
    return house.git("log", "-1", "--format=%B", commit)


def another_tree_landed(house):
    tree = tree_with(house, "main", "Z-1.txt", "made, and more\n")
    text = message(house, "main").replace(house.tip("main^{tree}"), tree)
    house.git("update-ref", "refs/heads/main", signs(house, tree, [house.tip("main~")], text))


def a_trailer_that_lies(house):
    text = message(house, "main").replace(house.tip("main^{tree}"), "1" * 40)
    commit = signs(house, house.tip("main^{tree}"), [house.tip("main~")], text)
    house.git("update-ref", "refs/heads/main", commit)


def landed_twice(house):
    text = message(house, "main")
    commit = signs(house, house.tip("main^{tree}"), [house.tip("main")], text)
    house.git("update-ref", "refs/heads/main", commit)


def rewritten_by_a_person(house):
    house.git("reset", "--hard", "--quiet", "main")
    house.git("commit", "--quiet", "--amend", "--no-edit", "--reset-author")


def ledger_with(house, change):
    """Write the mission's last ledger commit and its closing again, signed, after *change*."""
    last, closing = house.tip(f"{LEDGER}^2"), house.tip(LEDGER)
    shard = house.git("ls-tree", "-r", "--name-only", LEDGER).partition("/facts/")[0]
    shard = "/".join(shard.split("/")[:4])
    tree = change(last)
    parents = house.git("log", "-1", "--format=%P", last).split()
    last = signs(house, tree, parents, message(house, last))
    house.git("read-tree", f"{closing}~")
    house.git("read-tree", f"--prefix={shard}/", tree)
    whole = house.git("write-tree")
    commit = signs(house, whole, [house.tip(f"{closing}~"), last], message(house, closing))
    house.git("update-ref", LEDGER, commit)


def a_fact_edited_later(house):
    def edit(last):
        path = "facts/0005-gates-judged.json"
        fact = json.loads(house.git("show", f"{last}:{path}"))
        fact["payload"]["records"] = fact["payload"]["records"][:1]
        return tree_with(house, last, path, json.dumps(fact))

    ledger_with(house, edit)


def a_gap_in_the_facts(house):
    def edit(last):
        content = house.git("show", f"{last}:facts/0009-mission-closed.json")
        tree = tree_with(house, last, "facts/0010-mission-closed.json", content)
        house.git("read-tree", tree)
        house.git("update-index", "--force-remove", "facts/0009-mission-closed.json")
        return house.git("write-tree")

    ledger_with(house, edit)


def a_closing_by_a_person(house):
    tree = house.tip(f"{LEDGER}^{{tree}}")
    commit = house.git(
        "commit-tree", tree, "-p", f"{LEDGER}~", "-p", f"{LEDGER}^2", "-m", message(house, LEDGER)
    )
    house.git("update-ref", LEDGER, commit)


def a_closing_of_something_else(house):
    shard = house.git("ls-tree", "-r", "--name-only", LEDGER).splitlines()[0]
    tree = tree_with(house, LEDGER, shard, "other words\n")
    parents = [house.tip(f"{LEDGER}~"), house.tip(f"{LEDGER}^2")]
    house.git("update-ref", LEDGER, signs(house, tree, parents, message(house, LEDGER)))


def paged(house, path, content, *, says="INBOX.md", parents=None):
    tree = tree_with(house, LEDGER, path, content)
    text = f"pages: INBOX\n\nPawl-Pages: {says}\nPawl-Schema: 1\n"
    commit = signs(house, tree, parents or [house.tip(LEDGER)], text)
    house.git("update-ref", LEDGER, commit)


def pages_that_edit_a_dossier(house):
    shard = house.git("ls-tree", "-r", "--name-only", LEDGER).splitlines()[0]
    paged(house, shard, "other words\n", says=shard)


def pages_that_change_more_than_they_say(house):
    paged(house, "QUEUE.md", "<!-- do not edit -->\n")


def pages_that_nobody_generated(house):
    paged(house, "INBOX.md", "pay to the bearer\n")


def pages_that_replace_a_closing(house):
    parents = [house.tip(LEDGER), house.tip(f"{LEDGER}^2")]
    paged(house, "INBOX.md", "<!-- do not edit -->\n", parents=parents)


def test_pages_are_right(house):
    paged(house, "INBOX.md", "<!-- do not edit -->\n")
    assert problems(house) == ""


def test_a_finished_repository_is_right(house):
    assert problems(house) == ""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (another_tree_landed, "landed without a recorded intent"),
        (a_trailer_that_lies, "landed without a recorded intent"),
        (landed_twice, "landed more than once"),
        (rewritten_by_a_person, "not on the target's first-parent line"),
        (a_fact_edited_later, "edits facts/0005-gates-judged.json"),
        (a_gap_in_the_facts, "is there instead of facts/0009"),
        (a_closing_by_a_person, "a commit of the ledger is not the daemon's"),
        (a_closing_of_something_else, "is not its last ledger commit's tree"),
        (pages_that_edit_a_dossier, "which are no pages"),
        (pages_that_change_more_than_they_say, "says ['INBOX.md'] and changes ['QUEUE.md']"),
        (pages_that_nobody_generated, "does not say it is generated"),
        (pages_that_replace_a_closing, "pages with another parent than the line"),
    ],
)
def test_what_is_wrong_is_said(house, wrong, said):
    wrong(house)
    assert said in problems(house)


class Heard:
    """Whoever is told what must be, and keeps what was not."""

    def __init__(self):
        self.said = []

    def must(self, holds, where, what):
        if not holds:
            self.said.append(f"{where}: {what}")


def told(*rows):
    facts = [
        {"seq": seq, "kind": kind, "policy": policy, "payload": body}
        for seq, (kind, policy, body) in enumerate(rows, start=1)
    ]
    heard = Heard()
    governed(heard, Story("Z-1", [], facts))
    return heard.said


START, FAIL = {"n": 1, "prompt": "p"}, {"n": 1, "origin": "item"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("gates-judged", "a", {}), ("landing-started", "a", {})], []),
        (
            [("gates-judged", "a", {}), ("landing-started", "b", {})],
            ["Z-1: 2 lands under another policy"],
        ),
        ([("landing-started", "b", {})], ["Z-1: 1 lands under another policy"]),
        (
            [
                ("attempt-started", "a", START),
                ("failure-classified", "a", FAIL),
                ("attempt-started", "a", {"n": 2, "prompt": "p"}),
            ],
            ["Z-1: 3 says what was said before"],
        ),
        (
            [
                ("attempt-started", "a", START),
                ("failure-classified", "a", FAIL),
                ("attempt-started", "a", {"n": 2, "prompt": "q"}),
            ],
            [],
        ),
        (
            [
                ("attempt-started", "a", START),
                ("failure-classified", "a", {"n": 1, "origin": "environment"}),
                ("attempt-started", "a", {"n": 2, "prompt": "p"}),
            ],
            [],
        ),
        ([("attempt-started", "a", START), ("attempt-started", "a", START)], []),
        (
            [
                ("attempt-started", "a", START),
                ("failure-classified", "a", FAIL),
                ("person-answered", "a", {"answer": "grant"}),
                ("attempt-started", "a", {"n": 2, "prompt": "p"}),
            ],
            [],
        ),
    ],
    ids=[
        "one policy", "another policy", "not judged", "said twice", "said otherwise",
        "not its fault", "interrupted", "a person wants it",
    ],
)  # fmt: skip
def test_what_the_policy_forbids_is_seen(rows, said):
    assert told(*rows) == said
