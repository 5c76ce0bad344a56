import pytest

from policy.change import Entry, Version
from policy.gates.protected import judge_protected, protected_globs
from policy.gates.scope import judge_scope
from policy.gates.verdict import Failed, Passed, Verdict
from policy.rules.failures import FailureClass
from policy.rules.load import shipped_policy

POLICY = shipped_policy().policy.model_copy(
    update={"backlog": "Wishes", "protected": ("docs/*.md", "**/secret/**")}
)


def entry(path: str, old: str | None = None, new: str | None = "100644") -> Entry:
    def side(mode: str | None) -> Version | None:
        return Version(mode=mode, oid="1" * 40) if mode else None

    return Entry(path=path, old=side(old), new=side(new))


def scope(*entries: Entry, allowed: tuple[str, ...] = ("src/**", "tests/test_*.py")) -> Verdict:
    return judge_scope(entries, allowed).verdict


@pytest.mark.parametrize("path", ["src/a.py", "src/a/b.py", "src/.hidden", "tests/test_a.py"])
def test_what_the_item_allows_passes(path: str) -> None:
    assert scope(entry(path)) == Passed()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(entry("srcs/a"), id="a folder with the same beginning"),
        pytest.param(entry("src"), id="a file in place of the folder"),
        pytest.param(entry("SRC/a"), id="another case"),
        pytest.param(entry("tests/sub/test_a.py"), id="deeper than the glob"),
        pytest.param(entry("setup.py", "100644", None), id="a deletion"),
        pytest.param(entry("setup.py", "100644", "100755"), id="a mode"),
        pytest.param(entry("setup.py", "100644", "120000"), id="a file made a link"),
        pytest.param(entry("a\udcff"), id="a name that is not UTF-8"),
    ],
)
def test_what_the_item_does_not_allow_bars(changed: Entry) -> None:
    found = judge_scope([entry("src/fine.py"), changed], ("src/**", "tests/test_*.py"))
    assert isinstance(found.verdict, Failed)
    assert found.verdict.failure is FailureClass.SCOPE_VIOLATION
    assert len(found.new) == 1
    assert (found.counts.ran, found.counts.failed) == (2, 1)
    found.model_dump_json().encode()


def test_both_sides_of_a_rename_are_judged() -> None:
    gone, here = entry("setup.py", "100644", None), entry("src/setup.py")
    assert isinstance(scope(gone, here), Failed)


def protected(*entries: Entry, links: dict[str, str] | None = None) -> Verdict:
    return judge_protected(entries, links or {}, protected_globs(POLICY)).verdict


@pytest.mark.parametrize(
    "path",
    [
        ".pawl/policy.yaml",
        ".pawl/PAUSE",
        ".pawl",
        "waivers/x.yaml",
        "backlog/H-1.yaml",
        "Wishes/H-1.yaml",
        "BACKLOG.md",
        ".github/workflows/ci.yml",
        ".ci/run",
        "AGENTS.md",
        "sub/AGENTS.md",
        ".claude/settings.json",
        ".aider.conf.yml",
        ".aider.tags/x",
        ".gitattributes",
        "sub/.gitattributes",
        ".gitmodules",
        "docs/a.md",
        "docs/a.md/x",
        "a/secret/b/c",
        "a/secret",
        ".PAWL/policy.yaml",
        ".Github/workflows/ci.yml",
        ".pa\u200cwl/policy.yaml",
        ".pawl./policy.yaml",
        ".pawl /policy.yaml",
        "agents.MD",
        "AGENTS.md::$DATA",
        "\uff37aivers/x.yaml",
        "wishes/H-1.yaml",
    ],
)
@pytest.mark.parametrize("sides", [(None, "100644"), ("100644", None), ("100644", "100755")])
def test_no_mission_changes_what_rules_over_it(
    path: str, sides: tuple[str | None, str | None]
) -> None:
    found = protected(entry(path, *sides))
    assert isinstance(found, Failed)
    assert found.failure is FailureClass.PROTECTED_PATH


@pytest.mark.parametrize(
    "path", ["pawl/a", "src/waivers/x", "docs/a/b.md", "docs/a.txt", "gitattributes", "src/ci/run"]
)
def test_other_paths_are_not_protected(path: str) -> None:
    assert protected(entry(path)) == Passed()


@pytest.mark.parametrize(
    "target", ["../.pawl", "../.pawl/policy.yaml", "../.git/config", "../.GIT", "../Wishes"]
)
def test_a_link_to_what_is_protected_bars(target: str) -> None:
    found = protected(entry("src/l", None, "120000"), links={"src/l": target})
    assert isinstance(found, Failed)
    assert found.failure is FailureClass.PROTECTED_PATH


def test_a_link_elsewhere_is_none_of_this_gates_business() -> None:
    assert protected(entry("src/l", None, "120000"), links={"src/l": "a"}) == Passed()
    assert protected(entry("src/l", None, "120000"), links={"src/l": "/etc"}) == Passed()
