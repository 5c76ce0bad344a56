import pytest

from policy.change import Entry, Version
from policy.gates.tree import Contents, judge_tree
from policy.gates.verdict import Failed, Passed, Verdict
from policy.ids import BlobId
from policy.rules.failures import FailureClass
from policy.rules.sandbox import TreeLimits

LIMITS = TreeLimits(
    max_files=10, max_bytes=100, max_file_bytes=60, max_depth=4, max_name_bytes=20,
    max_path_bytes=40,
)  # fmt: skip
NOTHING = Contents(names={}, links={}, sizes={})


def version(mode: str) -> Version:
    return Version(mode=mode, oid=BlobId("1" * 40))


def added(path: str, mode: str = "100644") -> Entry:
    return Entry(path=path, old=None, new=version(mode))


def verdict(entry: Entry, contents: Contents = NOTHING) -> Verdict:
    return judge_tree([entry], contents, LIMITS).verdict


def test_ordinary_files_pass() -> None:
    entries = [
        added("a/b.py"),
        added("run", "100755"),
        Entry(path="c", old=version("100644"), new=version("100755")),
        Entry(path="d", old=version("100644"), new=None),
    ]
    assert judge_tree(entries, NOTHING, LIMITS).verdict == Passed()


def test_no_change_is_no_candidate() -> None:
    found = judge_tree([], NOTHING, LIMITS).verdict
    assert isinstance(found, Failed)
    assert found.failure is FailureClass.NO_CHANGES


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(added("a", "160000"), id="a submodule"),
        pytest.param(Entry(path="a", old=version("160000"), new=None), id="a submodule removed"),
        pytest.param(added("a", "100664"), id="an odd mode"),
        pytest.param(added("a", "40000"), id="a folder as an entry"),
        pytest.param(added("a/.git/config"), id=".git"),
        pytest.param(added(".GIT/config"), id=".GIT"),
        pytest.param(added(".g\u200cit/config"), id=".git to HFS+"),
        pytest.param(added("a/git~1/config"), id=".git's short name"),
        pytest.param(added(".git. ./config"), id=".git to NTFS"),
        pytest.param(added(".git::$INDEX_ALLOCATION/config"), id=".git as a stream"),
        pytest.param(added("\uff0egit/config"), id=".git in wide letters"),
        pytest.param(added("a/../b"), id="a dot-dot segment"),
        pytest.param(added("a//b"), id="an empty segment"),
        pytest.param(added("a\nb"), id="a newline"),
        pytest.param(added("a\\b"), id="a backslash"),
        pytest.param(added("a\udcff"), id="not UTF-8"),
        pytest.param(added("n" * 21), id="a long name"),
        pytest.param(added("\u00e9" * 11), id="a name long in bytes"),
        pytest.param(added("a/b/c/d/e"), id="too deep"),
        pytest.param(added("/".join(["n" * 20] * 2)), id="a long path"),
        pytest.param(added("l", "120000"), id="a link nobody could read"),
    ],
)
def test_what_no_checkout_should_hold_bars(entry: Entry) -> None:
    found = verdict(entry)
    assert isinstance(found, Failed)
    assert found.failure is FailureClass.VALIDATION_ERROR
    found.model_dump_json()


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "a/../../x"])
def test_a_link_out_of_the_tree_bars(target: str) -> None:
    contents = Contents(names={}, links={"l": target}, sizes={})
    assert isinstance(verdict(added("l", "120000"), contents), Failed)


def test_a_link_inside_passes() -> None:
    contents = Contents(names={}, links={"a/l": "../b"}, sizes={})
    assert verdict(added("a/l", "120000"), contents) == Passed()


@pytest.mark.parametrize(
    ("path", "folder", "names"),
    [
        pytest.param("README.md", "", ("README.md", "readme.md"), id="by case"),
        pytest.param("Src/new.py", "", ("Src", "src"), id="of a folder"),
        pytest.param("a/caf\u00e9", "a", ("caf\u00e9", "cafe\u0301"), id="by Unicode form"),
        pytest.param("a/stra\u00dfe", "a", ("stra\u00dfe", "STRASSE"), id="by case folding"),
    ],
)
def test_twins_of_a_name_bar(path: str, folder: str, names: tuple[str, ...]) -> None:
    contents = Contents(names={folder: names}, links={}, sizes={})
    assert isinstance(verdict(added(path), contents), Failed)


def test_sizes_are_inclusive() -> None:
    def sized(*sizes: int) -> Verdict:
        entries = [added(f"f{n}") for n in range(len(sizes))]
        by_path = {f"f{n}": size for n, size in enumerate(sizes)}
        contents = Contents(names={}, links={}, sizes=by_path)
        return judge_tree(entries, contents, LIMITS).verdict

    assert sized(60, 40) == Passed()
    assert isinstance(sized(61), Failed)
    assert isinstance(sized(60, 41), Failed)
