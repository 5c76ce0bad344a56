"""What failed commands printed, from the sandbox to the ledger, the next attempt and the pages."""

from datetime import datetime, timedelta

from tests.daemon.loop.test_again import POLICY, learns

LIMITED = ["sh", "-c", "echo 'API Error: Request rejected (429) · slow down'; exit 1"]
AT_ONCE = "failures: {rate_limited: {limit: 2, backoff_s: 0}}\nbudgets: {mission: {attempts: 1}}\n"


def failures(house):
    facts = [fact for fact in house.facts("H-1") if fact.kind == "failure-classified"]
    return [(fact.failure.value, fact.origin) for fact in facts]


def test_a_builder_out_of_its_providers_favour_is_not_the_item_at_fault(house):
    house.commits({".pawl/policy.yaml": POLICY + AT_ONCE})
    house.wishes("H-1", command=LIMITED)
    assert house.runs().rests["H-1"].reason == "waiting"
    assert failures(house) == [("rate_limited", "provider")] * 3
    assert "429" in house.facts("H-1")[-1].why
    assert house.facts("H-1")[-1].outcome == "ESCALATION_REQUESTED"


def test_a_provider_that_says_when_is_waited_for_until_then(house):
    house.commits({".pawl/policy.yaml": POLICY})
    house.wishes("H-1", command=["sh", "-c", "echo 'usage limit reached|4102444800'; exit 1"])
    rest = house.runs().rests["H-1"]
    assert failures(house) == [("rate_limited", "provider")]
    assert rest.reason == "backing_off"
    classified = next(one for one in house.page("H-1").records if "classified" in one.fact.kind)
    assert rest.until == datetime.fromisoformat(classified.at) + timedelta(days=1)


def test_an_agent_that_ends_well_with_nothing_but_an_error_of_its_provider_is_excused(house):
    house.commits({".pawl/policy.yaml": POLICY + "failures: {provider_error: {limit: 0}}\n"})
    house.wishes("H-1", command=["echo", "[API Error: 401 bad key]"])
    assert house.runs().rests["H-1"].reason == "waiting"
    assert failures(house) == [("provider_error", "provider")]


def test_what_a_builder_printed_before_it_left_work_is_judged_by_its_work(house):
    house.wishes("H-1", command=["sh", "-c", "echo 'API Error: 429 x'; echo made > H-1.txt"])
    house.runs()
    assert house.ended("H-1") == ("PASS", "landed")


def test_the_next_attempt_is_told_which_kind_of_failure_it_was(house):
    house.commits({".pawl/policy.yaml": POLICY})
    then = """
    assert account['class'] == 'syntax_error', account
    assert 'SyntaxError' in account['why'], account
    open('H-1.txt', 'w').write('x = 1')
    """
    house.wishes(
        "H-1",
        command=learns("open('H-1.txt', 'w').write('def (')", then),
        tests=[{"run": ["python3", "H-1.txt"]}],
    )
    house.runs()
    assert failures(house) == [("syntax_error", "item")]
    assert house.ended("H-1") == ("PASS", "landed")


def test_the_kind_of_failure_is_in_the_summary_and_the_results(house):
    house.wishes(
        "H-1",
        command=["sh", "-c", "echo 'def (' > H-1.txt"],
        tests=[{"run": ["python3", "H-1.txt"]}],
    )
    house.runs()
    assert house.ended("H-1") == ("BLOCKED", "gate_failed")
    assert house.summary("H-1")["failure"] == "syntax_error"
    assert "syntax_error" in house.closed_file("H-1", "RESULTS.md")
