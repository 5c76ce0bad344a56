"""`pawl doctor` names what is wrong, and exits with the code of the worst of it."""

import json
import re

import pytest


def check(answer, what):
    return [(one["verdict"], one["said"]) for one in answer.json["checks"] if one["what"] == what]


def test_a_fresh_set_up_is_healthy(served):
    answer = served.pawl("doctor", "--json")
    assert answer.code == 0, answer.out
    assert answer.json["health"] == "green"
    assert [one for one in answer.json["checks"] if one["verdict"] == "bad"] == []
    assert check(answer, "sandbox")[0][0] == "good"


def other_key(served):
    (served.config / "daemon_ed25519").unlink()
    served.run(
        "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{served.config}/daemon_ed25519"
    )


def no_key(served):
    (served.config / "daemon_ed25519").unlink()


def rewritten(served):
    served.pawl("once")
    served.git("reset", "-q", "--hard", "main~1")


def no_ledger(served):
    served.git("update-ref", "-d", "refs/heads/pawl/ledger")


def rewound_ledger(served):
    served.pawl("once")
    served.git("update-ref", "refs/heads/pawl/ledger", "pawl/ledger~2")


def foreign_ledger(served):
    served.pawl("once")
    forged = served.git("commit-tree", "pawl/ledger^{tree}", "-p", "pawl/ledger", "-m", "mine")
    served.git("update-ref", "refs/heads/pawl/ledger", forged)


def broken_policy(served):
    served.commit(".pawl/policy.yaml", "schema: 1\n")


def broken_item(served):
    served.commit("backlog/BAD-1.yaml", "id: BAD-1\n")


def missing_mount(served):
    with (served.config / "host.yaml").open("a") as host:
        host.write("free_bytes: 1\n")
    text = (served.config / "host.yaml").read_text()
    kept = "".join(
        line
        for line in text.splitlines(keepends=True)
        if not line.startswith(("mounts", "- /root"))
    )
    (served.config / "host.yaml").write_text(kept + "mounts: [/not/there]\n")


def no_room(served):
    with (served.config / "host.yaml").open("a") as host:
        host.write(f"free_bytes: {2**50}\n")


def torn_mark(served):
    (served.state / "highwater.json").write_text("{}")


def trust_of_others(served):
    (served.config / "trust.yaml").chmod(0o666)


@pytest.mark.parametrize(
    ("spoil", "code", "what", "said"),
    [
        (other_key, 3, "key", "is not the key the trust file names"),
        (no_key, 3, "key", "cannot open the daemon's key"),
        (rewritten, 9, "history", "rolled back or rewritten"),
        (no_ledger, 5, "ledger", "refs/heads/pawl/ledger is not there"),
        (rewound_ledger, 9, "ledger", "does not contain"),
        (foreign_ledger, 9, "ledger", "the commit is not signed"),
        (broken_policy, 3, "policy", "extends"),
        (broken_item, 3, "backlog", "backlog/BAD-1.yaml"),
        (missing_mount, 9, "sandbox", "/not/there"),
        (no_room, 9, "room", "bytes are free"),
        (torn_mark, 9, "history", "highwater.json"),
        (trust_of_others, 3, "trust", "lets others in"),
    ],
    ids=lambda one: one.__name__.replace("_", " ") if callable(one) else "",
)
def test_what_is_wrong_is_named(served, spoil, code, what, said):
    spoil(served)
    answer = served.pawl("doctor", "--json")
    assert any(verdict == "bad" and said in text for verdict, text in check(answer, what)), (
        answer.out + answer.err
    )
    assert answer.code == code
    assert answer.json["health"] == "red"


@pytest.mark.parametrize("spoil", [no_ledger, rewound_ledger, foreign_ledger])
def test_a_ledger_that_somebody_moved_is_put_back_as_it_is_told(served, spoil):
    served.pawl("once")
    spoil(served)
    served.pawl("retry", "HELLO-1")
    for command in ("once", "doctor"):
        told = served.pawl(command)
        assert told.code in {5, 9}
        assert "None" not in told.out
        (mend,) = set(re.findall(r"git (update-ref \S+ [0-9a-f]{40})", told.out))
    served.git(*mend.split())
    assert served.pawl("doctor").code == 0
    assert served.pawl("once").code == 6


def test_after_a_person_accepted_the_tip_work_goes_on(served):
    rewritten(served)
    assert served.pawl("once").code == 9
    assert served.pawl("doctor", "--accept-tip", served.tip("main~1")).code == 3
    assert served.pawl("doctor", "--accept-tip", served.tip()).code == 0
    assert served.pawl("doctor").code == 0


@pytest.mark.parametrize("kind", ["item", "policy", "host"])
def test_each_schema_is_printed_and_says_what_keys_mean(desk, kind):
    schema = desk.pawl("schema", kind).json
    assert schema["additionalProperties"] is False
    assert "description" in json.dumps(schema["properties"])
    assert "DESIGN" not in json.dumps(schema)


def test_the_schema_of_a_permission_has_a_form_for_each_kind_and_says_what_keys_mean(desk):
    schema = desk.pawl("schema", "permission").json
    forms = [form["$ref"].rpartition("/")[2] for form in schema["anyOf"]]
    kinds = {schema["$defs"][form]["properties"]["kind"]["const"] for form in forms}
    assert len(forms) == len(kinds) == 9
    for form in forms:
        keys = schema["$defs"][form]["properties"]
        assert all(keys[key].get("description") for key in ("id", "ref", "reason")), form


def test_the_schema_of_an_item_says_what_every_key_means(desk):
    schema = desk.pawl("schema", "item").json
    assert [name for name, key in schema["properties"].items() if not key.get("description")] == []
