"""The ten steps: a positive control, a negative for each reason, and what each step is there for.

Each negative is denied for its own reason and, with its step left out of the table, accepted: so
no step can be taken away, or emptied, without a test that says so. Of the attacks, A43, A47, A48,
A50, A53, A54, A58 (with test_permission.py), A59 and A62 (the request's blob) are rows here.
"""

from datetime import UTC, datetime

import pytest

from policy.people.check import STEPS, Denied, Valid, check, revoked_by
from policy.people.codes import Code
from policy.people.found import (
    Authentic,
    Broken,
    Found,
    Held,
    Introduced,
    KeyGone,
    KeyRevoked,
    Refused,
    Unasked,
    Verified,
)
from policy.people.keys import Key
from policy.people.live import (
    Candidate,
    Document,
    Live,
    OfGate,
    OfLine,
    OfMission,
    OfPermission,
    Rewound,
)
from policy.people.live import Held as MarkHeld
from policy.people.permission import FORMS, Repo
from policy.people.reading import path_of
from policy.people.roles import Permissions
from policy.people.trusted_time import Behind, Sane

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ID = "11111111-2222-4333-8444-555555555555"
OTHER = "21111111-2222-4333-8444-555555555555"
TIP = "1" * 40
KEY = Key(kind="ssh-ed25519", blob="AAAA")
REPO = {"root_commit": "2" * 40, "name": "town"}
COMMON = {
    "schema": 1,
    "id": ID,
    "repo": REPO,
    "ref": "refs/heads/main",
    "reason": "long enough to be a reason for something",
}
ANSWER = {**COMMON, "mission": "H-1", "attempt": 2, "spec": "5" * 64, "request": "f" * 40}
USED = {**ANSWER, "policy": "d" * 64, "expires": "2026-06-05T00:00:00Z", "max_uses": 1}
CANDIDATE = {"base": "b" * 40, "change": "c" * 64, "product": "e" * 40}
DOCUMENT = {"base": "b" * 40, "document": "a" * 40}
KEYS = {
    "waiver": {**USED, "gates": ("tests", "suite"), "subject": CANDIDATE},
    "standing-waiver": {
        **COMMON,
        "gates": ("suite",),
        "tests": ("a::b",),
        "expires": "2026-06-05T00:00:00Z",
    },
    "approval": {**USED, "subject": CANDIDATE},
    "rejection": ANSWER,
    "resume": USED,
    "grant": {**USED, "grant": {"iterations": 3}},
    "abort": ANSWER,
    "revocation": {**COMMON, "revokes": OTHER},
    "accept-rewrite": {
        **COMMON,
        "rewrite": {"seen": "8" * 40, "tip": "9" * 40},
        "expires": "2026-06-05T00:00:00Z",
    },
}
SHOWN = {"shown_change": CANDIDATE["change"], "shown_product": CANDIDATE["product"]}
MISSION = OfMission(
    mission="H-1",
    attempt=2,
    spec="5" * 64,
    policy="d" * 64,
    request="f" * 40,
    gates=("suite", "tests"),
    subject=Candidate(**CANDIDATE, **SHOWN),
    requesters=frozenset({"carol@x"}),
)
MATTERS = {
    "standing-waiver": OfGate(gate="suite"),
    "revocation": OfPermission(id=OTHER),
    "accept-rewrite": OfLine(tip="9" * 40),
}


def permission(kind="waiver", **changes):
    return FORMS[kind].model_validate({**KEYS[kind], "kind": kind, **changes})


def found(kind="waiver", *, of=None, **changes):
    values = {
        "path": path_of(ID),
        "blob": "7" * 40,
        "permission": permission(kind, **(of or {})),
        "tip": TIP,
        "chain": Verified(tip=TIP),
        "introduced": Introduced(commit="6" * 40, parents=1),
        "signer": Authentic(principal="alice@x", key=KEY, roles=frozenset({"approver"})),
        "standing": Held(roles=frozenset({"approver"})),
        "first_seen": NOW,
    }
    return Found(**(values | changes))


def live(kind="waiver", **changes):
    mark = MarkHeld()
    if kind == "accept-rewrite":
        mark = Rewound(seen="8" * 40, why="it was rolled back")
    values = {
        "tip": TIP,
        "parent": TIP,
        "repo": Repo(**REPO),
        "ref": "refs/heads/main",
        "mode": "signed",
        "mark": mark,
        "matter": MATTERS.get(kind, MISSION),
        "kinds": frozenset({kind}),
        "roles": frozenset({"approver"}),
        "machine_keys": frozenset(),
        "non_waivable": frozenset({"secrets"}),
        "max_ttl_s": 7 * 86400,
        "time": Sane(now=NOW),
        "used": frozenset(),
        "revoked": frozenset(),
    }
    return Live(**(values | changes))


def mission(**changes):
    return {"matter": MISSION.model_copy(update=changes)}


def candidate(**changes):
    return mission(subject=Candidate(**{**CANDIDATE, **SHOWN, **changes}))


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_is_valid_where_everything_is_as_it_names(kind):
    assert isinstance(check(found(kind), live(kind)), Valid)


NEGATIVES = [
    (1, Code.READ_ELSEWHERE, {"tip": "3" * 40}, {"parent": None}),
    (2, Code.ROLLED_BACK, {}, {"mark": Rewound(seen="8" * 40, why="rolled back")}),
    (2, Code.ROLLED_BACK, {}, {"mark": Rewound(seen=None, why="the mark is lost")}),
    (
        3,
        Code.CHAIN_BROKEN,
        {"chain": Broken(tip=TIP, commit="3" * 40, code=Code.UNSIGNED, why="why")},
        {},
    ),
    (3, Code.RULES_UNREADABLE, {"doubts": (".pawl/revoked: is not there",)}, {}),
    (4, Code.WRONG_NAME, {"path": path_of(OTHER)}, {}),
    (4, Code.EDITED, {"introduced": Introduced(commit="6" * 40, parents=1, edited=True)}, {}),
    (4, Code.MERGED_IN, {"introduced": Introduced(commit="6" * 40, parents=2)}, {}),
    (4, Code.MERGED_IN, {"introduced": Introduced(commit="6" * 40, parents=0)}, {}),
    (
        4,
        Code.MIXED_COMMIT,
        {"introduced": Introduced(commit="6" * 40, parents=1, others=("a",))},
        {},
    ),
    *(
        (5, code, {"signer": Refused(code=code, why="why")}, {})
        for code in (
            Code.UNSIGNED,
            Code.MALFORMED,
            Code.UNKNOWN_KEY,
            Code.KEY_NOT_YET,
            Code.KEY_EXPIRED,
            Code.KEY_REVOKED,
            Code.BAD_SIGNATURE,
        )
    ),
    (5, Code.UNSIGNED, {"signer": Unasked()}, {}),
    (5, Code.KEY_GONE, {"standing": KeyGone()}, {}),
    (5, Code.KEY_REVOKED, {"standing": KeyRevoked()}, {}),
    (6, Code.MACHINE_KEY, {}, {"machine_keys": frozenset({KEY})}),
    (6, Code.NO_ROLE, {}, {"roles": frozenset({"approver", "architect"})}),
    (
        6,
        Code.NO_ROLE,
        {"signer": Authentic(principal="alice@x", key=KEY, roles=frozenset({"policy"}))},
        {},
    ),
    (6, Code.NO_ROLE, {"standing": Held(roles=frozenset({"policy"}))}, {}),
    (6, Code.OWN_REQUEST, {}, mission(requesters=frozenset({"alice@x"}))),
    (7, Code.WRONG_KIND, {}, {"kinds": frozenset({"approval"})}),
    (7, Code.WRONG_KIND, {}, {"matter": OfGate(gate="suite")}),
    (7, Code.WRONG_REPO, {}, {"repo": Repo(root_commit="3" * 40, name="town")}),
    (7, Code.WRONG_REPO, {}, {"repo": Repo(root_commit="2" * 40, name="city")}),
    (7, Code.WRONG_REF, {}, {"ref": "refs/heads/next"}),
    (7, Code.WRONG_MISSION, {}, mission(mission="H-2")),
    (7, Code.WRONG_MISSION, {}, mission(mission="H-1@2")),
    (7, Code.WRONG_ATTEMPT, {}, mission(attempt=3)),
    (7, Code.WRONG_SPEC, {}, mission(spec="6" * 64)),
    (7, Code.WRONG_POLICY, {}, mission(policy="e" * 64)),
    (7, Code.WRONG_REQUEST, {}, mission(request="e" * 40)),
    (7, Code.WRONG_GATES, {}, mission(gates=("tests",))),
    (7, Code.WRONG_GATES, {}, mission(gates=("tests", "suite", "lint"))),
    (7, Code.NOT_WAIVABLE, {}, {"non_waivable": frozenset({"suite"})}),
    (7, Code.WRONG_BASE, {}, candidate(base="a" * 40)),
    (7, Code.WRONG_PRODUCT, {}, candidate(product="a" * 40)),
    (7, Code.WRONG_CHANGE, {}, candidate(change="a" * 64, both=True)),
    (7, Code.WRONG_CHANGE, {}, candidate(shown_change="a" * 64)),
    (7, Code.WRONG_PRODUCT, {}, mission(subject=None)),
    (7, Code.WRONG_PRODUCT, {}, mission(subject=Document(**DOCUMENT))),
    (8, Code.CLOCK_BEHIND, {}, {"time": Behind(now=NOW, clock=NOW.replace(year=1970))}),
    (8, Code.EXPIRED, {}, {"time": Sane(now=NOW.replace(day=5))}),
    (8, Code.EXPIRED, {}, {"time": Sane(now=NOW.replace(year=2036))}),
    (8, Code.TTL_TOO_LONG, {}, {"max_ttl_s": 4 * 86400 - 1}),
    (9, Code.USED, {}, {"used": frozenset({"7" * 40})}),
    (9, Code.REVOKED, {}, {"revoked": frozenset({ID})}),
    (10, Code.TARGET_MOVED, {}, {"parent": "3" * 40}),
]


@pytest.mark.parametrize(("step", "code", "said", "now"), NEGATIVES)
def test_each_no_is_of_its_step_alone(step, code, said, now):
    denied = check(found(**said), live(**now))
    assert isinstance(denied, Denied)
    assert denied.code is code
    assert len(denied.why) > 2
    without = STEPS[: step - 1] + STEPS[step:]
    assert isinstance(check(found(**said), live(**now), without), Valid)


def test_there_are_ten_steps_and_a_negative_for_each():
    assert len(STEPS) == 10
    assert {step for step, *_ in NEGATIVES} == set(range(1, 11))


APPROVALS = [
    (Code.WRONG_CHANGE, CANDIDATE, candidate(change="a" * 64)),
    (Code.WRONG_PRODUCT, CANDIDATE, candidate(product="a" * 40, both=True)),
    (Code.WRONG_PRODUCT, CANDIDATE, candidate(shown_product="a" * 40)),
    (Code.WRONG_PRODUCT, {**CANDIDATE, "product": "a" * 40}, candidate()),
    (Code.WRONG_BASE, CANDIDATE, candidate(base="a" * 40)),
    (Code.WRONG_DOCUMENT, DOCUMENT, candidate()),
    (Code.WRONG_DOCUMENT, DOCUMENT, mission(subject=Document(base="b" * 40, document="c" * 40))),
    (Code.WRONG_BASE, DOCUMENT, mission(subject=Document(base="c" * 40, document="a" * 40))),
    (Code.WRONG_POLICY, CANDIDATE, mission(policy="e" * 64)),
]


@pytest.mark.parametrize(("code", "subject", "now"), APPROVALS)
def test_an_approval_is_bound_to_what_was_read(code, subject, now):
    denied = check(found("approval", of={"subject": subject}), live("approval", **now))
    assert isinstance(denied, Denied)
    assert denied.code is code


def test_a_moved_target_that_leaves_the_change_alone_keeps_an_approval_and_not_a_waiver():
    now = candidate(product="a" * 40)
    assert isinstance(check(found("approval"), live("approval", **now)), Valid)
    assert check(found(), live(**now)).code is Code.WRONG_PRODUCT


def test_another_change_with_the_same_product_keeps_a_waiver_and_not_an_approval():
    now = candidate(change="a" * 64)
    assert isinstance(check(found(), live(**now)), Valid)
    assert check(found("approval"), live("approval", **now)).code is Code.WRONG_CHANGE


def test_an_approval_of_a_document_holds_for_it():
    now = mission(subject=Document(**DOCUMENT))
    assert isinstance(
        check(found("approval", of={"subject": DOCUMENT}), live("approval", **now)), Valid
    )


OTHERS = [
    ("standing-waiver", Code.WRONG_GATES, {"matter": OfGate(gate="tests")}),
    ("standing-waiver", Code.WRONG_GATES, {"matter": MISSION}),
    ("standing-waiver", Code.NOT_WAIVABLE, {"non_waivable": frozenset({"suite"})}),
    ("standing-waiver", Code.EXPIRED, {"time": Sane(now=NOW.replace(month=7))}),
    ("revocation", Code.WRONG_KIND, {"matter": OfPermission(id=ID)}),
    ("accept-rewrite", Code.WRONG_REWRITE, {"mark": MarkHeld()}),
    ("accept-rewrite", Code.WRONG_REWRITE, {"mark": Rewound(seen="7" * 40, why="why")}),
    ("accept-rewrite", Code.WRONG_REWRITE, {"matter": OfLine(tip="7" * 40)}),
    ("resume", Code.WRONG_POLICY, mission(policy="e" * 64)),
    ("grant", Code.WRONG_POLICY, mission(policy="e" * 64)),
    ("grant", Code.WRONG_REQUEST, mission(request="e" * 40)),
    ("abort", Code.WRONG_MISSION, mission(mission="H-2")),
    ("rejection", Code.WRONG_REQUEST, mission(request="e" * 40)),
]


@pytest.mark.parametrize(("kind", "code", "now"), OTHERS)
def test_the_other_kinds_are_bound_as_well(kind, code, now):
    denied = check(found(kind), live(kind, **now))
    assert isinstance(denied, Denied)
    assert denied.code is code
    without = tuple(step for step in STEPS if step.__name__ not in {"_bound", "_in_time"})
    assert isinstance(check(found(kind), live(kind, **now), without), Valid)


@pytest.mark.parametrize("gate", ["protected", "tree"])
def test_some_gates_are_waived_by_nobody_whatever_the_policy_says(gate):
    now = live(**mission(gates=(gate,)), non_waivable=frozenset())
    assert check(found(of={"gates": (gate,)}), now).code is Code.NOT_WAIVABLE


@pytest.mark.parametrize("kind", ["rejection", "abort", "revocation"])
def test_a_no_does_not_grow_old(kind):
    later = live(kind, time=Sane(now=NOW.replace(year=2036)))
    assert isinstance(check(found(kind), later), Valid)


def test_a_standing_waiver_may_be_used_again():
    now = live("standing-waiver", used=frozenset({"7" * 40}))
    assert isinstance(check(found("standing-waiver"), now), Valid)


def test_one_person_may_decide_what_they_asked_for_and_it_is_recorded():
    now = live(**mission(requesters=frozenset({"alice@x"})), mode="one-person")
    assert check(found(), now).own_request


def test_unsigned_local_asks_for_nobodys_signature_and_for_all_else():
    unsigned = {
        "signer": Unasked(),
        "chain": Broken(tip=TIP, commit=TIP, code=Code.UNSIGNED, why="why"),
    }
    valid = check(found(**unsigned), live(mode="unsigned-local", **mission(requesters=frozenset())))
    assert isinstance(valid, Valid)
    assert (valid.principal, valid.own_request) == (None, False)
    used = live(mode="unsigned-local", used=frozenset({"7" * 40}))
    assert check(found(**unsigned), used).code is Code.USED


def test_a_revocation_counts_unless_somebody_committed_it_who_may_not():
    refused = Refused(code=Code.UNSIGNED, why="why")
    merged = Introduced(commit="6" * 40, parents=2)
    assert revoked_by([found("revocation")]) == {OTHER}
    assert revoked_by([found("revocation", signer=refused)]) == set()
    assert revoked_by([found("revocation", signer=refused, introduced=merged)]) == {OTHER}
    assert revoked_by([found()]) == set()
    for code in (Code.KEY_EXPIRED, Code.KEY_NOT_YET, Code.KEY_REVOKED):
        lapsed = Refused(code=code, why="why")
        assert revoked_by([found("revocation", signer=lapsed)]) == {OTHER}


def test_roles_come_by_principal_and_a_gate_may_ask_for_another():
    rules = Permissions(roles={"bob@x": ("approver",)}, gates={"licence": "lawyer"})
    assert rules.of("bob@x") == {"approver"}
    assert rules.of("alice@x") == {"policy", "approver", "backlog"}
    assert rules.waiving(("tests", "licence")) == {"approver", "lawyer"}
