"""A JUnit report as a value: which test did what, or why the report says nothing.

It was written by a process that ran the candidate's own code, so it is read as a claim: it is
counted here, never by its own attributes; a document that was cut, that lists what it does not
count, or that declares a DTD (entity bombs) is unreadable; a test named twice did the worse of the
two. It is streamed, not built as a tree, because its size and depth are the writer's choice.
"""

from collections import Counter
from typing import Annotated, Literal
from xml.etree.ElementTree import ParseError, XMLParser

from pydantic import Field

from policy.gates.cases import case_id
from policy.gates.verdict import Counts
from policy.value import Value

State = Literal["passed", "skipped", "failed", "error"]
_WORSE: tuple[State, ...] = ("passed", "skipped", "failed", "error")
_COUNTED = ("tests", "failures", "errors", "skipped")
_MARKS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


class Report(Value):
    """*cases* is by test id (`classname::name`); an error is a test that could not be run."""

    kind: Literal["report"] = "report"
    cases: dict[str, State]

    def ids(self, *states: State) -> frozenset[str]:
        """Return the tests in any of *states*; all of them if none is named."""
        return frozenset(
            name for name, state in self.cases.items() if not states or state in states
        )

    def bad(self) -> frozenset[str]:
        return self.ids("failed", "error")

    def ran(self) -> frozenset[str]:
        """Return the tests that said something: an error is a test or a module that did not.

        pytest runs nothing at all where one module cannot be collected.
        """
        return self.ids("passed", "failed")

    def counts(self) -> Counts:
        """`ran` leaves out what was skipped."""
        passed, failed = len(self.ids("passed")), len(self.bad())
        return Counts(
            ran=passed + failed, passed=passed, failed=failed, skipped=len(self.ids("skipped"))
        )


class Unreadable(Value):
    """There is no report, or none that can be believed."""

    kind: Literal["unreadable"] = "unreadable"
    why: str


Reading = Annotated[Report | Unreadable, Field(discriminator="kind")]


def read_report(content: bytes | None) -> Reading:
    """Return what a JUnit document says. Total: no bytes raise."""
    if not content:
        return Unreadable(why="no report was written")
    document = _Document()
    parser = XMLParser(target=document)  # noqa: S314 - DTDs are refused, nothing is resolved
    try:
        parser.feed(content)
        parser.close()
    except ParseError as error:
        return Unreadable(why=f"the report is not complete XML: {error}")
    except _RefusedError as error:
        return Unreadable(why=str(error))
    except (ValueError, LookupError) as error:  # an unknown or multi-byte encoding
        return Unreadable(why=f"the report cannot be decoded: {error}")
    if document.suites == 0:
        return Unreadable(why="the report holds no test suite")
    return Report(cases=document.cases)


class _RefusedError(Exception):
    pass


class _Held:
    """What was seen in a suite: test cases by what marks them, and the marks themselves."""

    def __init__(self) -> None:
        self.tests = 0
        self.cases: Counter[str] = Counter()
        self.marks: Counter[str] = Counter()

    def add(self, marks: Counter[str]) -> None:
        self.tests += 1
        self.cases.update(marks.keys())
        self.marks.update(marks)

    def include(self, inner: "_Held") -> None:
        self.tests += inner.tests
        self.cases.update(inner.cases)
        self.marks.update(inner.marks)

    def may_declare(self, key: str, declared: int) -> bool:
        """Whether a writer that left nothing out may count so.

        pytest counts a test that errors in its teardown once or twice, so `tests` may be short of
        as many as there are errors; errors bar anyway. A subtest counts as a test and is listed
        only where it did not pass, as one more mark of the test it is in (pytest 9), so more may
        be declared than are listed. What is not listed counts for nothing.
        """
        if key == "tests":
            return declared >= self.tests - self.cases["error"]
        return self.cases[_MARKS[key]] <= declared <= self.marks[_MARKS[key]]


class _Suite:
    """An open `testsuite` or `testsuites`: what it declares and what it was seen to hold."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.declared = {key: attributes[key] for key in _COUNTED if key in attributes}
        self.name = attributes.get("name", "")
        self.own = _Held()
        self.all = _Held()


class _Document:
    """The parser's target: counts cases suite by suite while the document goes by."""

    def __init__(self) -> None:
        self.cases: dict[str, State] = {}
        self.suites = 0
        self._depth = 0
        self._open: list[_Suite] = []
        self._case: str | None = None
        self._marks: Counter[str] = Counter()

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise _RefusedError("the report declares a document type, which no JUnit report needs")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        word = tag.rpartition("}")[2]
        if self._depth == 0 and word not in ("testsuites", "testsuite"):
            raise _RefusedError(f"the report is no JUnit report: its root is <{word[:40]}>")
        self._depth += 1
        if word in ("testsuites", "testsuite"):
            self.suites += word == "testsuite"
            self._open.append(_Suite(attributes))
        elif word == "testcase":
            self._begin(attributes)
        elif self._case is not None and word in ("failure", "error", "skipped"):
            self._marks[word] += 1

    def end(self, tag: str) -> None:
        self._depth -= 1
        word = tag.rpartition("}")[2]
        if word in ("testsuites", "testsuite"):
            self._close_suite(self._open.pop())
        elif word == "testcase":
            self._close_case()

    def close(self) -> None:
        pass

    def _begin(self, attributes: dict[str, str]) -> None:
        if self._case is not None or self.suites == 0:
            raise _RefusedError("the report has a test case outside a suite or inside another")
        if not attributes.get("name"):
            raise _RefusedError("the report has a test case without a name")
        self._case = case_id(f"{attributes.get('classname', '')}::{attributes['name']}")
        self._marks = Counter()
        if attributes.get("status") in ("notrun", "disabled", "skipped"):
            self._marks["skipped"] += 1

    def _close_case(self) -> None:
        suite = self._open[-1]
        for held in (suite.own, suite.all):
            held.add(self._marks)
        name, state = self._case or "", _state(self._marks)
        before = self.cases.get(name, "passed")
        self.cases[name] = max(before, state, key=_WORSE.index)
        self._case = None

    def _close_suite(self, suite: _Suite) -> None:
        for key, text in suite.declared.items():
            if not _agrees(key, text, suite):
                held = suite.all.tests if key == "tests" else suite.all.marks[_MARKS[key]]
                raise _RefusedError(
                    f"suite {suite.name[:80]!r} declares {key}={text[:20]!r} but holds "
                    f"{held}: the report was cut or edited"
                )
        if self._open:
            self._open[-1].all.include(suite.all)


def _state(marks: Counter[str]) -> State:
    if "error" in marks:
        return "error"
    if "failure" in marks:
        return "failed"
    return "skipped" if "skipped" in marks else "passed"


def _agrees(key: str, text: str, suite: _Suite) -> bool:
    """Whether a declared count is that of the suite itself or with those inside it."""
    try:
        declared = int(text)
    except ValueError:
        return False
    return any(held.may_declare(key, declared) for held in (suite.own, suite.all))
