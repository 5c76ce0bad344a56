"""The ready-made answer holds for what was asked, and is none before a reason is written."""

import pytest

from policy.people.answers import answer, template
from policy.people.check import Valid, check
from policy.people.live import Document
from policy.people.permission import More
from policy.people.reading import read_permission
from policy.problems import Unreadable
from tests.policy.people.test_check import DOCUMENT, ID, KEYS, NOW, found, live, mission

WHY = "a reason that a person has written for it"


def made(kind, asked, **more):
    return answer(kind, asked, id=ID, reason=WHY, expires=NOW.replace(day=5), **more)


@pytest.mark.parametrize("kind", KEYS)
def test_what_is_made_for_a_matter_holds_for_it(kind):
    permission = made(kind, live(kind), grant=More(attempts=2), tests=("a::b",))
    assert isinstance(check(found(permission=permission), live(kind)), Valid)


def test_a_document_is_answered_as_well():
    asked = live("approval", **mission(subject=Document(**DOCUMENT)))
    assert isinstance(check(found(permission=made("approval", asked)), asked), Valid)


@pytest.mark.parametrize("kind", KEYS)
def test_a_template_is_no_permission_until_its_reason_is_written(kind):
    permission = made(kind, live(kind), grant=More(attempts=2), tests=("a::b",))
    text = template(permission)
    unread = read_permission(text.encode(), ID)
    assert isinstance(unread, Unreadable)
    assert [problem.text.partition(":")[0] for problem in unread.problems] == ["reason"]
    written = text.replace('reason: ""', f'reason: "{WHY}"')
    assert read_permission(written.encode(), ID) == permission


def test_what_a_kind_cannot_say_is_not_made():
    with pytest.raises(ValueError, match="grant"):
        made("grant", live("grant"))
    with pytest.raises(ValueError, match="subject"):
        made("approval", live("approval", **mission(subject=None)))
