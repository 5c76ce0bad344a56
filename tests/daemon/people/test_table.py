"""Which test holds which attack, outcome and exit code: nothing of the lists is without one.

Where a test is renamed or taken away, this says what nobody would hold any more.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from daemon.cli.exits import Exit
from policy.people.codes import Code
from policy.rules.outcomes import Reason
from tests.policy.people.test_check import APPROVALS, NEGATIVES, OTHERS

ROOT = Path(__file__).parents[3]
CHECK = "policy/people/test_check.py"
CLOCKS = "daemon/people/test_clocks.py"
DECISIONS = "daemon/people/test_decisions.py"
DENIED = "daemon/people/test_denied.py"
EXITS = "daemon/hostile/test_exits.py"
HERE = "daemon/people/test_exits.py"
LINE = "daemon/people/test_line.py"
REQUEST = "daemon/people/test_request.py"
THREE = "daemon/people/test_three_clones.py"
TOWN = "gitops/people/test_permissions_of_people.py"
EACH = f"{CHECK}::test_each_no_is_of_its_step_alone"
ALL = f"{DENIED}::test_each_no_has_its_reason_and_the_right_answer_still_counts"

ATTACKS = {
    "A40": (
        f"{TOWN}::test_a40_a_key_added_with_the_permission_permits_nothing",
        f"{THREE}::test_a_key_that_nobody_let_in_decides_nothing_and_freezes",
    ),
    "A41": (
        f"{TOWN}::test_a41_a_key_added_by_who_may_not_opens_nothing_later",
        f"{LINE}::test_whoever_adds_a_key_must_be_one_who_may",
        f"{LINE}::test_a_break_is_not_forgotten_and_a_branch_put_back_goes_on",
    ),
    "A42": (
        f"{TOWN}::test_a42_an_expired_key_does_not_count_for_a_commit_with_an_old_date",
        f"{THREE}::test_a_key_that_is_over_decides_nothing_however_the_commit_is_dated",
        ALL,
    ),
    "A43": (
        f"{TOWN}::test_a43_without_a_readable_list_of_revoked_keys_nothing_counts",
        "policy/people/test_approvers.py::test_a_revoked_key_that_cannot_be_read_is_not_passed_over",
    ),
    "A44": (f"{TOWN}::test_a44_the_principal_is_the_keys_and_not_the_committers", ALL),
    "A45": (f"{TOWN}::test_a45_a_program_named_by_the_repository_is_never_asked",),
    "A46": (f"{TOWN}::test_a46_a_permission_that_is_merged_in_does_not_count", ALL),
    "A47": (
        f"{TOWN}::test_a47_a_used_permission_does_not_count_again",
        f"{TOWN}::test_a47_a_landing_bent_off_the_line_was_a_use_all_the_same",
        f"{DECISIONS}::test_an_answer_to_the_first_request_is_none_to_the_second",
    ),
    "A48": (
        EACH,
        f"{THREE}::test_a_decision_that_was_used_is_none_for_the_next_mission",
        (
            "daemon/people/test_hub.py::"
            "test_what_is_copied_out_of_the_request_with_plain_git_lets_it_land_once"
        ),
        ALL,
    ),
    "A49": (
        f"{TOWN}::test_a49_a_permission_edited_later_is_void",
        f"{TOWN}::test_a49_who_edits_a_permission_and_may_not_breaks_the_line",
        f"{TOWN}::test_a49_a_permission_under_another_name_is_none",
        f"{DECISIONS}::test_a_file_that_is_edited_after_it_was_signed_is_void",
    ),
    "A50": (
        f"{THREE}::test_an_approval_does_not_hold_for_other_content_of_the_same_file",
        f"{DECISIONS}::test_what_was_waived_is_asked_about_anew_when_the_product_is_another",
        f"{DENIED}::test_a_waiver_is_for_the_gates_and_the_product_that_failed",
    ),
    "A51": (
        f"{THREE}::test_a_revocation_that_is_pushed_while_it_lands_wins",
        f"{DECISIONS}::test_a_revocation_between_the_last_look_and_the_landing_wins",
    ),
    "A52": (
        "gitops/people/test_at_hand.py::test_a_key_in_the_agent_is_found",
        (
            "gitops/people/test_at_hand.py::"
            "test_what_the_builders_can_read_counts_and_what_they_cannot_does_not"
        ),
        f"{LINE}::test_a_daemon_that_could_sign_for_an_approver_does_not_start",
    ),
    "A53": (
        f"{TOWN}::test_a53_who_asked_may_not_decide_but_in_one_person_mode",
        f"{DECISIONS}::test_whoever_asked_for_the_work_does_not_approve_it",
        f"{DECISIONS}::test_one_person_may_approve_what_they_asked_for_and_it_is_recorded",
    ),
    "A54": (
        f"{DECISIONS}::test_a_time_to_live_beyond_what_policy_allows_is_refused",
        f"{CLOCKS}::test_a_clock_that_went_back_a_day_approves_nothing_however_often_it_is_asked",
        f"{CLOCKS}::test_what_was_over_is_over_when_the_clock_goes_back",
        f"{CLOCKS}::test_a_clock_ten_years_ahead_that_is_right_again",
    ),
    "A55": (f"{TOWN}::test_a55_a_signature_that_is_not_of_ssh_does_not_count",),
    "A56": (f"{TOWN}::test_a56_a_signature_for_something_else_does_not_count",),
    "A57": (
        f"{TOWN}::test_a57_a_commit_with_two_trees_is_no_link_of_the_line",
        "gitops/people/test_mutations.py::test_no_one_byte_change_is_ever_accepted",
        (
            "policy/people/test_permission.py::"
            "test_what_is_no_permission_gives_a_reason_and_never_a_crash"
        ),
        ALL,
    ),
    "A58": (
        "policy/people/test_permission.py::test_one_wrong_value_makes_it_no_permission_and_is_named",
        f"{CHECK}::test_some_gates_are_waived_by_nobody_whatever_the_policy_says",
        f"{DENIED}::test_a_waiver_is_for_the_gates_and_the_product_that_failed",
    ),
    "A59": (
        EACH,
        f"{TOWN}::test_a59_a_line_without_the_introduction_is_nobodys",
        "daemon/hostile/test_history.py::test_a_target_that_lost_its_past_freezes_everything",
    ),
    "A60": (
        f"{TOWN}::test_the_daemons_key_decides_nothing_even_among_the_approvers",
        f"{TOWN}::test_the_daemons_key_changes_no_policy_even_among_the_approvers",
        f"{TOWN}::test_a_daemons_landing_that_changes_the_policy_breaks_the_line",
        ALL,
    ),
    "A61": (
        "daemon/loop/test_once.py::test_a_wish_lands_as_one_commit_and_leaves_its_story",
        f"{TOWN}::test_a47_a_landing_bent_off_the_line_was_a_use_all_the_same",
    ),
    "A62": (
        f"{REQUEST}::test_links_modes_and_what_has_no_text_stand_apart_and_a_long_list_is_counted",
        f"{REQUEST}::test_what_a_builder_prints_is_no_command_to_a_terminal",
        f"{REQUEST}::test_a_name_that_turns_around_is_written_out_or_never_gets_here",
    ),
}
"""reliability.md 5, of permissions."""

DEMO = "daemon/cli/test_demo.py::test_each_wish_ends_as_it_was_written_to"
GOVERNS = "daemon/loop/test_policy_governs.py"
ENDINGS = {
    Reason.LANDED: "daemon/loop/test_once.py::test_a_wish_lands_as_one_commit_and_leaves_its_story",
    Reason.ALREADY_SATISFIED: "daemon/loop/test_once.py::"
    "test_work_that_somebody_else_landed_meanwhile_is_satisfied_and_still_proven",
    Reason.NO_CHANGES: DEMO,
    Reason.TESTS_FAILED: DEMO,
    Reason.TESTS_WEAKENED: DEMO,
    Reason.REGRESSION: DEMO,
    Reason.SCOPE_VIOLATION: DEMO,
    Reason.PROTECTED_PATH: DEMO,
    Reason.GATE_FAILED: DEMO,
    Reason.GATE_BROKEN: f"{HERE}::test_a_gate_that_cannot_say_anything_bars_until_it_can",
    Reason.MERGE_CONFLICT: "daemon/loop/test_again.py::"
    "test_a_conflict_that_stays_one_is_told_to_a_person_after_one_more_attempt",
    Reason.NO_PROGRESS: f"{GOVERNS}::test_the_same_again_is_no_progress",
    Reason.OSCILLATION: f"{GOVERNS}::test_to_and_fro_is_oscillation",
    Reason.BUDGET_EXHAUSTED: f"{GOVERNS}::"
    "test_limits_over_all_classes_end_what_each_class_would_let_go_on",
    Reason.BUILDER_FAILED: DEMO,
    Reason.WORKSPACE_REJECTED: "daemon/loop/test_once.py::"
    "test_a_bad_builder_is_blocked_with_its_own_reason",
    Reason.REJECTED_BY_PERSON: "daemon/people/test_answers.py::test_a_rejection_ends_it",
    Reason.ALREADY_GREEN: DEMO,
    Reason.BY_PERSON: "daemon/people/test_answers.py::test_an_abort_cancels_it",
    Reason.ITEM_REMOVED: "daemon/hostile/test_people.py::"
    "test_a_removed_item_ends_its_run_and_is_forgotten",
    Reason.ITEM_CHANGED: "daemon/hostile/test_people.py::"
    "test_an_item_that_changes_while_it_runs_ends_the_run",
    Reason.APPROVAL_MISSING: f"{HERE}::test_a_reason_to_wait_is_told_with_its_request",
    Reason.PAUSE_POINT: f"{GOVERNS}::test_a_pause_point_asks_before_its_level",
    Reason.CHECKPOINT: "daemon/people/test_checkpoints.py::"
    "test_a_checkpoint_pauses_what_was_built_and_its_approval_lets_it_go_on",
}
"""Why a mission ends or waits, each reached by a real daemon on a real repository (DESIGN 7)."""
NOT_REACHED = {Reason.REVIEW_REJECTED}
"""By no builder there is yet: nobody reviews."""

ENDS = f"{HERE}::test_once_ends_with_what_is_asked_and_then_with_what_was_decided"
CODES = {
    Exit.OK: ENDS,
    Exit.USAGE: f"{EXITS}::test_a_question_about_usage_is_2",
    Exit.INVALID: f"{EXITS}::test_a_bad_item_is_3_and_a_bad_policy_is_3",
    Exit.NOT_FOUND: f"{EXITS}::test_no_such_thing_is_4",
    Exit.GIT: f"{EXITS}::test_a_repository_that_means_something_else_is_5",
    Exit.BLOCKED: ENDS,
    Exit.ASKED: ENDS,
    Exit.WAIVER: ENDS,
    Exit.ENVIRONMENT: f"{HERE}::test_a_held_landing_and_a_lock_end_otherwise_and_it_goes_on",
    Exit.CANCELLED: ENDS,
    Exit.LOCKED: f"{HERE}::test_a_held_landing_and_a_lock_end_otherwise_and_it_goes_on",
}
NOT_ENDED_WITH = {
    Exit.INTERNAL: "a bug: what rises to the top, with its trace",
    Exit.AUDIT: "no command audits yet; tests/independent/audit.py follows each test",
}


@cache
def names_in(path):
    tree = ast.parse((ROOT / "tests" / path).read_text())
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


def named():
    rows = [(attack, test) for attack, tests in ATTACKS.items() for test in tests]
    rows += [(reason.value, test) for reason, test in ENDINGS.items()]
    return rows + [(code.name, test) for code, test in CODES.items()]


@pytest.mark.parametrize(("what", "test"), named(), ids=lambda value: value.split("::")[-1])
def test_what_is_named_is_there(what, test):
    path, _, name = test.partition("::")
    assert name in names_in(path), f"{what} is held by nothing: {test} is gone"


def test_nothing_of_the_lists_is_left_out():
    assert list(ATTACKS) == [f"A{number}" for number in range(40, 63)]
    assert set(ENDINGS) | NOT_REACHED == set(Reason)
    assert set(CODES) | set(NOT_ENDED_WITH) == set(Exit)


def test_each_reason_to_refuse_a_decision_has_a_row_that_needs_its_step():
    rows = (
        {row[1] for row in NEGATIVES} | {row[0] for row in APPROVALS} | {row[1] for row in OTHERS}
    )
    assert rows == set(Code)


def test_each_reason_to_refuse_a_decision_is_in_what_people_read():
    page = (ROOT / "docs" / "permissions.md").read_text()
    told = set(re.findall(r"`([a-z_]+)`", page.partition("## Why it does not count")[2]))
    plain = {code.value for code in Code if not code.value.startswith("wrong_")}
    assert plain - told == set()
