"""Paths and globs: which are normal, which match, which may share a path, which are twins."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.paths import fault_of_glob, fault_of_path, intersect, matches, matches_any, twins


@pytest.mark.parametrize(
    "path", ["a", "a/b", ".a/.b", "a b", "a\\b", "ä", "...", "a/..b", "[x]", "C:a", "~/a"]
)
def test_is_a_normal_path(path):
    assert fault_of_path(path) is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "empty"),
        ("/a", "absolute"),
        ("//a", "absolute"),
        ("a/", "slash"),
        ("a//b", "two slashes"),
        (".", ". or .."),
        ("./a", ". or .."),
        ("a/./b", ". or .."),
        ("..", ". or .."),
        ("a/../b", ". or .."),
        ("a\x00b", "control"),
        ("a\nb", "control"),
        ("a\x7f", "control"),
    ],
)
def test_is_no_normal_path(path, words):
    assert words in fault_of_path(path)
    assert words in fault_of_glob(path)


def test_any_depth_stands_alone():
    assert fault_of_glob("**") is None
    assert fault_of_glob("a/**/b*/?") is None
    assert "alone" in fault_of_glob("a**/b")
    assert "alone" in fault_of_glob("a/***")


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("a", "a/b", False),
        ("a/b", "a", False),
        ("*", "a", True),
        ("*", ".a", True),
        ("*", "a/b", False),
        ("a*", "a", True),
        ("*.py", ".py", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a?c", "a/c", False),
        ("a/*/c", "a/b/c", True),
        ("a/*/c", "a/b/b/c", False),
        ("a/**", "a/b", True),
        ("a/**", "a/.b/c", True),
        ("a/**", "a", False),
        ("a/**", "ab/c", False),
        ("**", "a", True),
        ("**", ".a/b/c", True),
        ("**/b", "b", True),
        ("**/b", "a/a/b", True),
        ("**/b", "ab", False),
        ("**/b", "b/a", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/y", False),
        ("**/a/**/b", "x/a/y/a/z/b", True),
        ("**/a/*/b", "a/a/x/b", True),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("app/[id].tsx", "app/[id].tsx", True),
        ("{a,b}", "a", False),
        ("!a", "a", False),
        ("a\\b", "a\\b", True),
        ("a/b", "a\\b", False),
        ("a*", "a\nb", True),
        ("*", "\udcff", True),
        ("src/*.py", "src/a.py/x", False),
    ],
)
def test_a_glob_names_a_path(glob, path, expected):
    assert matches(glob, path) is expected
    assert matches_any(("nothing", glob), path) is expected


def test_no_glob_names_nothing():
    assert not matches_any((), "a")


def test_a_glob_of_many_stars_costs_no_more_than_its_length():
    assert not matches("*a" * 100 + "b", "a" * 250)
    assert not matches("/".join(["**", "a"] * 40 + ["b"]), "/".join(["a"] * 200))
    assert intersect("*a" * 60 + "b", "*b" * 60)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a", "a", True),
        ("a", "A", True),
        ("a", "b", False),
        ("a/**", "a", False),
        ("a/**", "a/b/c", True),
        ("a/**", "**/c", True),
        ("a/**", "b/**", False),
        ("a/*.py", "a/*.js", False),
        ("a/x*", "a/*y", True),
        ("a/?", "a/bc", False),
        ("**", "x/y", True),
        ("**/a", "**/b", False),
        ("src/*/a", "src/**/b/a", True),
        ("tests/**", "**/test_*.py", True),
        ("docs/*", "docs/a/b", False),
        ("stra\u00dfe", "STRASSE", True),
        ("e\u0301", "\u00e9", True),
    ],
)
def test_two_globs_may_share_a_path(one, other, expected):
    assert intersect(one, other) is expected
    assert intersect(other, one) is expected


_GLOB = st.lists(st.sampled_from(["a", "b", "*", "?", "a*", "*b", "**"]), min_size=1, max_size=4)
_PATHS = [
    "/".join(path)
    for size in range(1, 5)
    for path in itertools.product(["a", "b", "ab"], repeat=size)
]


@settings(max_examples=150)
@given(_GLOB.map("/".join), _GLOB.map("/".join))
def test_globs_intersect_wherever_one_path_is_named_by_both(one, other):
    if any(matches(one, path) and matches(other, path) for path in _PATHS):
        assert intersect(one, other)


@given(st.text("ab/*?.[", max_size=12), st.text("ab/.[\\", max_size=12))
def test_neither_globs_nor_paths_raise(glob, path):
    assert matches(glob, path) in (True, False)
    assert intersect(glob, path) in (True, False)


def test_twins_are_what_a_forgiving_file_system_takes_for_one():
    assert twins(["a", "b", "src/a"]) == ()
    assert twins(["a", "a"]) == ()
    assert twins(["README", "readme", "x"]) == (("README", "readme"),)
    assert twins(["e\u0301", "\u00e9"]) == (("e\u0301", "\u00e9"),)


def test_folders_are_twins_too():
    assert twins(["Src/a", "src/b"]) == (("Src", "src"),)
