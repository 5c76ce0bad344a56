from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.gates.cases import case_id
from policy.gates.reports import Report, Unreadable, read_report

ONE = b'<testsuites><testsuite name="s" tests="1"><testcase classname="a" name="t"/></testsuite>'


def suite(*cases: str, **declared: int) -> bytes:
    attributes = " ".join(f'{key}="{value}"' for key, value in declared.items())
    body = "".join(cases)
    return f"<testsuites><testsuite {attributes}>{body}</testsuite></testsuites>".encode()


def case(name: str, mark: str = "", classname: str = "a") -> str:
    inside = f"<{mark}/>" if mark else ""
    return f"<testcase classname={quoteattr(classname)} name={quoteattr(name)}>{inside}</testcase>"


def test_each_state_is_told_apart() -> None:
    content = suite(
        case("p"), case("f", "failure"), case("e", "error"), case("s", "skipped"),
        tests=4, failures=1, errors=1, skipped=1,
    )  # fmt: skip
    report = read_report(content)
    assert isinstance(report, Report)
    assert report.cases == {"a::p": "passed", "a::f": "failed", "a::e": "error", "a::s": "skipped"}
    counts = report.counts()
    assert (counts.ran, counts.passed, counts.failed, counts.skipped) == (3, 1, 2, 1)


def test_a_test_named_twice_did_the_worse_of_the_two() -> None:
    for cases in ((case("t", "failure"), case("t")), (case("t"), case("t", "failure"))):
        report = read_report(suite(*cases))
        assert isinstance(report, Report)
        assert report.cases == {"a::t": "failed"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "no report", id="nothing was written"),
        pytest.param(b"", "no report", id="an empty file"),
        pytest.param(ONE, "complete XML", id="cut at the end"),
        pytest.param(ONE[:40], "complete XML", id="cut inside a tag"),
        pytest.param(ONE + b"</testsuites>x", "complete XML", id="something after the end"),
        pytest.param(b"<testsuites/>", "no test suite", id="no suite at all"),
        pytest.param(b"<html><testsuite/></html>", "root is <html>", id="another document"),
        pytest.param(b"ok 1 - t", "complete XML", id="not XML"),
        pytest.param(suite(case("t"), tests=0), "cut or edited", id="holds a test not declared"),
        pytest.param(suite(case("t"), failures=1), "cut or edited", id="a failure was edited out"),
        pytest.param(
            suite(case("t", "failure"), failures=0), "cut or edited", id="a failure not declared"
        ),
        pytest.param(
            b'<testsuite tests="many"><testcase name="t"/></testsuite>', "cut or edited",
            id="a count that is no number",
        ),
        pytest.param(
            b"<testsuite><testcase/></testsuite>", "without a name", id="a test without a name"
        ),
        pytest.param(
            b'<testsuites><testcase name="t"/><testsuite/></testsuites>', "outside a suite",
            id="a test outside any suite",
        ),
        pytest.param(
            b'<testsuite><testcase name="t"><testcase name="u"/></testcase></testsuite>',
            "inside another", id="a test inside a test",
        ),
        pytest.param(
            b'<!DOCTYPE t [<!ENTITY a "aaa">]><testsuite>&a;</testsuite>', "document type",
            id="an entity bomb",
        ),
        pytest.param(
            b'<!DOCTYPE t SYSTEM "file:///etc/passwd"><testsuite/>', "document type",
            id="an external document type",
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="nope"?><testsuite/>', "", id="an unknown encoding"
        ),
        pytest.param(b'<testsuite name="\xff"/>', "complete XML", id="invalid UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_whole_report_is_unreadable(content: bytes | None, says: str) -> None:
    reading = read_report(content)
    assert isinstance(reading, Unreadable)
    assert says in reading.why


def test_pytest_counts_an_error_in_teardown_twice_or_not_at_all() -> None:
    both = suite(case("t", "failure"), case("t", "error"), tests=1, failures=1, errors=1)
    late = suite(case("t", "error"), tests=2, failures=0, errors=1)
    assert isinstance(read_report(both), Report)
    assert isinstance(read_report(late), Report)


def test_pytest_counts_subtests_that_it_does_not_list() -> None:
    passed = suite(case("t"), tests=13, failures=0, errors=0, skipped=0)
    report = read_report(passed)
    assert isinstance(report, Report)
    assert report.counts().ran == 1


def test_pytest_marks_a_test_once_for_each_subtest_that_failed_or_was_skipped() -> None:
    both = "<failure/><failure/><skipped/>"
    inside = f'<testcase classname="a" name="t">{both}</testcase>'
    report = read_report(suite(inside, tests=5, failures=2, errors=0, skipped=1))
    assert report == Report(cases={"a::t": "failed"})
    for failures in (0, 3):
        assert isinstance(read_report(suite(inside, tests=5, failures=failures)), Unreadable)


def test_suites_may_count_those_inside_them() -> None:
    inner = '<testsuite tests="1"><testcase classname="a" name="t"/></testsuite>'
    for declared in ("1", "2"):
        content = f'<testsuite tests="{declared}">{inner}{case("u")}</testsuite>'.encode()
        assert isinstance(read_report(content), Report)


def test_a_deep_report_is_read_without_recursion() -> None:
    content = b"<testsuite>" * 50_000 + b"</testsuite>" * 50_000
    assert read_report(content) == Report(cases={})


@given(st.binary())
def test_no_bytes_raise(content: bytes) -> None:
    assert isinstance(read_report(content), Unreadable)


@given(st.integers(0, 400), st.binary(max_size=3))
def test_no_cut_and_no_edit_of_a_report_raises(at: int, edit: bytes) -> None:
    whole = suite(case("p"), case("f", "failure"), case("s", "skipped"), tests=3, failures=1)
    assert isinstance(read_report(whole[:at] + edit + whole[at + len(edit) :]), Report | Unreadable)
    if at < len(whole):
        assert isinstance(read_report(whole[:at]), Unreadable)


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("tests/test_a.py::test_b", "tests.test_a::test_b"),
        ("./tests/test_a.py::test_b", "tests.test_a::test_b"),
        ("tests/test_a.py::TestC::test_b", "tests.test_a.TestC::test_b"),
        ("tests/test_a.py::test_b[x::y/z.py]", "tests.test_a::test_b[x::y/z.py]"),
        ("tests/test_a.py", "::tests.test_a"),
        ("tests.test_a.TestC::test_b", "tests.test_a.TestC::test_b"),
        ("a suite::a::name", "a suite::a::name"),
        ("lonely", "::lonely"),
    ],
)
def test_a_pytest_node_id_becomes_what_its_report_says(name: str, normal: str) -> None:
    assert case_id(name) == normal
    assert case_id(normal) == normal


@given(st.text())
def test_normalising_twice_is_normalising_once(name: str) -> None:
    assert case_id(case_id(name)) == case_id(name)
