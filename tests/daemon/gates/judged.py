"""A house whose changes are judged by the real gates, and what was said of them as a sentence.

Its suite runs the pytest that runs these tests, inside the sandbox.
"""

import sys
from threading import Event

from daemon.gates.base_records import BaseRecords
from daemon.gates.case import Case, Judgement
from daemon.gates.judge import judge
from policy.backlog.item import BacklogItem
from policy.backlog.verification import Verification
from policy.change import Entry, Stat, Version, change_of
from policy.gates.run import Interrupted
from policy.gates.verdict import Broken, Failed, Passed
from policy.mission.facts import Candidate
from policy.rules.gates import GateCommand
from policy.rules.load import shipped_policy

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", "{report}")
SUITE = GateCommand(
    name="suite", run=PYTEST, report="junit", min_tests=1, baseline=True, tests_from="both",
    timeout_s=60,
)  # fmt: skip
NEW = Verification(run=(*PYTEST, "tests/test_new.py"), report="junit", timeout_s=60)
PLAIN = Verification(run=("grep", "-q", "two", "till.py"))

BASE = {
    "till.py": "def total(prices):\n    return sum(prices)\n",
    "conftest.py": "",
    "tests/test_old.py": (
        "from till import total\n\n"
        "def test_sum():\n    assert total([1, 2]) == 3\n\n"
        "def test_none():\n    assert total([]) == 0\n"
    ),
}
FEATURE = BASE["till.py"] + "\ndef two():\n    return 2\n"
NEW_TEST = "import till\n\ndef test_two():\n    assert till.two() == 2\n"
HONEST = {"till.py": FEATURE, "tests/test_new.py": NEW_TEST}


class House:
    """`house.judges(changed)`: judge the base with *changed* files laid over (None: deleted)."""

    def __init__(self, trees, store, door, state):
        self.trees, self.store, self.door = trees, store, door
        self.records = BaseRecords(state)
        self.stop = Event()

    def case(self, changed, *, tests=(NEW,), gates=(SUITE,), base=BASE, **wish):
        files = {name: text for name, text in {**base, **changed}.items() if text is not None}
        before, after = self.trees.write(base), self.trees.write(files)
        entries = tuple(
            Entry(path=path, old=self._side(base.get(path)), new=self._side(text))
            for path, text in changed.items()
        )
        self.trees.batch.save()
        item = {
            "id": "H-1", "title": "t", "priority": "P0", "contract": "c", "acceptance": ("a",),
            "write_scope": ("till.py", "tool", "tests/**"), "tests": tests, **wish,
        }  # fmt: skip
        return Case(
            mission="H-1",
            n=1,
            item=BacklogItem(**item),
            policy=shipped_policy().policy.model_copy(update={"gates": gates}),
            candidate=Candidate(
                commit="c" * 40, base="b" * 40, tree=after, product=after,
                change=change_of(entries),
            ),
            base=before,
            entries=entries,
            stat=Stat(files=len(entries), lines=10, binary_files=0),
            environment="e" * 64,
        )  # fmt: skip

    def judges(self, changed, **wish):
        return self.hears(self.case(changed, **wish))

    def hears(self, case):
        judged = judge(case, door=self.door, store=self.store, records=self.records, stop=self.stop)
        assert isinstance(judged, Judgement | Interrupted)
        return judged

    def _side(self, written):
        if written is None:
            return None
        mode, text = written if isinstance(written, tuple) else ("100644", written)
        return Version(mode=mode, oid=self.trees.batch.blob(text.encode()))


def said(judgement):
    """The last record as a sentence: the gate, and what it said."""
    last = judgement.records[-1]
    assert all(record.verdict == Passed() for record in judgement.records[:-1])
    match last.verdict:
        case Passed():
            return f"{last.gate} passed"
        case Failed(failure=failure):
            return f"{last.gate} failed {failure.value}"
        case Broken(failure=failure):
            return f"{last.gate} broken {failure.value}"
