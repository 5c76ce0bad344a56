"""A decision counts once, for what was shown, while everything it rests on is as it was."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.daemon.loop.test_markdown import entry, sheet
from tests.daemon.people.test_answers import ASKS, WAIVES


class Later:
    """A clock that is *days* ahead of, or behind, what is true."""

    def __init__(self, days):
        self.days = days

    def now(self):
        return datetime.now(UTC).replace(microsecond=0) + timedelta(days=self.days)


@pytest.fixture
def asked(home):
    """A mission that waits for its approval."""
    home.wishes("H-1", requires_approval=True)
    home.runs()
    assert home.waits("H-1").request == "requests/1.yaml"
    return home


def test_a_target_that_moves_elsewhere_keeps_the_approval(asked):
    asked.answers("H-1", "approval")
    asked.commits({"other.txt": "by a person\n"})
    asked.runs()
    assert asked.ended("H-1") == ("PASS", "landed")


def test_a_target_that_moves_in_the_approved_file_is_asked_about_anew(settled):
    home = settled()
    home.commits({"H-1.txt": "".join(f"line {n}\n" for n in range(40))})
    edit = "text = open('H-1.txt').read(); open('H-1.txt', 'w').write(text + 'made\\n')"
    home.wishes("H-1", requires_approval=True, command=["python3", "-c", edit],
                tests=[{"run": ["grep", "-q", "made", "H-1.txt"]}])  # fmt: skip
    home.runs()
    home.answers("H-1", "approval")
    text = (home.path / "H-1.txt").read_text()
    home.commits({"H-1.txt": text.replace("line 0\n", "line nought\n")})
    standing = home.runs()
    asked = home.waits("H-1")
    assert asked.request in ("requests/1.yaml", "requests/2.yaml")
    assert "make H-1.txt" not in home.subjects(), standing


def test_a_revocation_that_lands_first_wins(asked):
    commit = asked.answers("H-1", "approval")
    path = asked.git("show", "--format=", "--name-only", commit)
    approval = path.removeprefix("waivers/").removesuffix(".yaml")
    asked.signs(revocation(asked, approval))
    standing = asked.runs()
    assert asked.waits("H-1").request == "requests/1.yaml"
    assert "revoked" in standing.rests["H-1"].why


def test_a_revocation_between_the_last_look_and_the_landing_wins(asked):
    commit = asked.answers("H-1", "approval")
    path = asked.git("show", "--format=", "--name-only", commit)
    approval = path.removeprefix("waivers/").removesuffix(".yaml")
    revoked = []

    def revokes(name):
        if name == "land" and not revoked:
            revoked.append(asked.signs(revocation(asked, approval)))

    asked.runs(point=revokes)
    assert revoked
    assert asked.waits("H-1").request == "requests/2.yaml"
    assert "make H-1.txt" not in asked.subjects()
    assert "landing-missed" in asked.kinds("H-1")


def test_a_rejection_that_comes_after_the_approval_and_before_the_landing_wins(asked):
    asked.answers("H-1", "approval")
    rejected = []

    def rejects(name):
        if name == "land" and not rejected:
            rejected.append(asked.answers("H-1", "rejection", by="bob"))

    asked.runs(point=rejects)
    assert rejected
    assert asked.waits("H-1").request == "requests/2.yaml"
    assert "make H-1.txt" not in asked.subjects()


def test_a_rejection_of_somebody_who_may_not_stops_nothing(asked):
    asked.answers("H-1", "approval")
    asked.answers("H-1", "rejection", by="eve")
    asked.runs()
    assert asked.ended("H-1") == ("PASS", "landed")


def test_an_approval_that_expires_between_intent_and_landing_lands_nothing(asked):
    asked.answers("H-1", "approval")

    class Stopped(BaseException):
        """As if killed there."""

    def dies(name):
        if name == "land":
            raise Stopped

    with pytest.raises(Stopped):
        asked.runs(point=dies)
    assert asked.kinds("H-1")[-1] == "landing-started"
    asked.runs(clock=Later(8))
    assert asked.waits("H-1").request == "requests/2.yaml"
    assert "make H-1.txt" not in asked.subjects()


def revocation(home, revoked, name="11111111-2222-4333-8444-555555555555"):
    root = home.git("rev-list", "--max-parents=0", "main")
    return {
        f"waivers/{name}.yaml": f"""schema: 1
kind: revocation
id: {name}
repo: {{root_commit: {root}, name: house}}
ref: refs/heads/main
revokes: {revoked}
reason: it was decided too quickly and for the wrong one
"""
    }


def test_a_key_that_is_revoked_takes_its_decisions_along(asked):
    asked.answers("H-1", "approval", by="bob")
    key = " ".join(asked.line("bob").split()[2:]) + "\n"
    asked.signs({".pawl/revoked": key}, by="alice")
    standing = asked.runs()
    assert asked.waits("H-1").request == "requests/1.yaml"
    assert "key_revoked" in standing.rests["H-1"].why


def test_whoever_asked_for_the_work_does_not_approve_it(home):
    home.wishes("H-1", requires_approval=True, requested_by="alice@x")
    home.runs()
    home.answers("H-1", "approval")
    assert "own_request" in home.runs().rests["H-1"].why
    path, _ = home.filled("H-1", "approval")
    home.signs({path: None})
    home.answers("H-1", "approval", by="bob")
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")


@pytest.mark.parametrize("said", ["Alice <alice@x>", "ALICE@X", "alice@x "])
def test_however_the_item_spells_who_asked_for_it(home, said):
    home.wishes("H-1", requires_approval=True, requested_by=said)
    home.runs()
    home.answers("H-1", "approval")
    assert "own_request" in home.runs().rests["H-1"].why


@pytest.mark.parametrize("how", ["author", "committer", "key"])
def test_whoever_committed_the_wish_asked_for_it_without_being_named(home, how, monkeypatch):
    with monkeypatch.context() as alice:
        if how != "key":
            alice.setenv(f"GIT_{how.upper()}_EMAIL", "Alice@x")
        home.wishes("H-1", requires_approval=True)
    if how == "key":
        path = "backlog/H-1.yaml"
        home.signs({path: (home.path / path).read_text() + "owner: somebody\n"})
    home.commits({"README": "somebody else has been here since\n"})
    home.runs()
    home.answers("H-1", "approval")
    assert "own_request" in home.runs().rests["H-1"].why
    home.answers("H-1", "rejection")
    home.runs()
    assert home.ended("H-1") == ("BLOCKED", "rejected_by_person")


@pytest.mark.parametrize("given", ["M-1", None], ids=["its-id", "an-id-of-its-words"])
def test_in_a_sheet_it_is_whoever_changed_the_entry_last(home, monkeypatch, given):
    with monkeypatch.context() as alice:
        alice.setenv("GIT_AUTHOR_EMAIL", "alice@x")
        home.commits({"BACKLOG.md": sheet(entry("M-1", Id=given, **{"Requires approval": "yes"}))})
    if given:
        both = (entry("M-1", **{"Requires approval": "yes"}), entry("M-2", "x"))
        home.commits({"BACKLOG.md": sheet(*both)}, "another one's entry")
    standing = home.runs()
    (mission,) = standing.rests
    home.answers(mission, "approval")
    assert "own_request" in home.runs().rests[mission].why


def test_one_person_may_approve_what_they_asked_for_and_it_is_recorded(settled):
    home = settled(mode="one-person")
    home.wishes("H-1", requires_approval=True, requested_by="alice@x")
    home.runs()
    home.answers("H-1", "approval")
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")
    (answered,) = [one for one in home.facts("H-1") if one.kind == "person-answered"]
    assert answered.own_request


def test_what_has_expired_when_it_is_seen_is_nothing(asked):
    asked.answers("H-1", "approval")
    standing = asked.runs(clock=Later(8))
    assert asked.waits("H-1").request == "requests/1.yaml"
    assert "expired" in standing.rests["H-1"].why


def test_a_time_to_live_beyond_what_policy_allows_is_refused(asked):
    asked.answers("H-1", "approval", edit=lambda text: later(text, 400))
    standing = asked.runs()
    assert "ttl_too_long" in standing.rests["H-1"].why


def later(text, days):
    at = datetime.now(UTC) + timedelta(days=days)
    lines = [
        f'expires: "{at:%Y-%m-%dT%H:%M:%SZ}"' if line.startswith("expires: ") else line
        for line in text.splitlines()
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("days", [-1, -365 * 50], ids=["a day behind", "1970"])
def test_a_clock_that_is_behind_approves_nothing(asked, days):
    asked.answers("H-1", "approval")
    standing = asked.runs(clock=Later(days))
    assert asked.waits("H-1").request == "requests/1.yaml"
    assert "clock" in standing.rests["H-1"].why
    asked.runs()
    assert asked.ended("H-1") == ("PASS", "landed")


def test_a_changed_policy_is_another_question(asked):
    asked.answers("H-1", "approval")
    policy = asked.shows(".pawl/policy.yaml")
    asked.signs({".pawl/policy.yaml": policy + "\nreconcile_s: 31\n"})
    standing = asked.runs()
    assert asked.waits("H-1").request == "requests/2.yaml"
    assert "does not count: wrong_request" in standing.rests["H-1"].why
    asked.answers("H-1", "approval", number=2)
    asked.runs()
    assert asked.ended("H-1") == ("PASS", "landed")


def test_an_answer_to_the_first_request_is_none_to_the_second(settled):
    home = settled(ASKS)
    home.wishes("H-1", command=["sh", "-c", "exit 3"])
    home.runs()
    path, text = home.filled("H-1", "resume")
    home.signs({path: text})
    home.runs()
    assert home.waits("H-1").request == "requests/2.yaml"
    name = "11111111-2222-4333-8444-666666666666"
    old = path.removeprefix("waivers/").removesuffix(".yaml")
    home.signs({f"waivers/{name}.yaml": text.replace(old, name)})
    standing = home.runs()
    assert home.waits("H-1").request == "requests/2.yaml"
    assert "wrong_" in standing.rests["H-1"].why


def test_a_file_that_is_edited_after_it_was_signed_is_void(asked):
    path, text = asked.filled("H-1", "approval")
    asked.signs({path: text.replace("it was read", "it was not read")})
    asked.signs({path: text}, by="bob")
    standing = asked.runs()
    assert "edited" in standing.rests["H-1"].why


def test_a_gate_that_cannot_be_waived_ends_as_its_route_says(settled):
    home = settled(WAIVES + b"waivers: {non_waivable: [tests]}\n")
    home.wishes("H-1", tests=[{"run": ["test", "-s", "other.txt"]}])
    home.runs()
    assert home.ended("H-1") == ("BLOCKED", "tests_failed")


def test_what_was_waived_is_asked_about_anew_when_the_product_is_another(settled):
    home = settled(WAIVES)
    home.wishes("H-1", tests=[{"run": ["test", "-s", "other.txt"]}])
    home.runs()
    home.answers("H-1", "waiver")
    home.commits({"third.txt": "by a person\n"})
    home.runs()
    assert home.waits("H-1").request == "requests/2.yaml"
    home.answers("H-1", "waiver", number=2)
    home.runs()
    assert home.ended("H-1") == ("PASS", "landed")
