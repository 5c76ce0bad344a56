import pytest

from policy.gates.links import Inside, Outside, follow


@pytest.mark.parametrize(
    ("link", "target", "end"),
    [
        ("a", "b", "b"),
        ("a/b/c", "../d", "a/d"),
        ("a/b", "./c//d", "a/c/d"),
        ("a/b/c", "../..", ""),
        ("a/b", "../.git/config", ".git/config"),
    ],
)
def test_a_link_inside_is_followed(link: str, target: str, end: str) -> None:
    assert follow(link, target) == Inside(path=end)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("a", "/etc/passwd"),
        ("a", ".."),
        ("a/b", "../../x"),
        ("a/b/c", "d/../../../../x"),
        ("a", "b/.."),
        ("a", ""),
    ],
)
def test_a_link_that_leaves_or_might_is_outside(link: str, target: str) -> None:
    assert isinstance(follow(link, target), Outside)
