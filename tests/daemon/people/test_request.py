"""What a request shows of a change that would rather not be seen (reliability.md A62)."""

import unicodedata

import pytest
import yaml

from policy.documents.request import answer_path
from tests.daemon.conftest import POLICY, python

MANY = 12
MAKES = python(
    "import os\n"
    "open('plain.txt', 'w').write('made\\n')\n"
    "os.symlink('plain.txt', 'link.txt')\n"
    "open('run.sh', 'w').write('#!/bin/sh\\n'); os.chmod('run.sh', 0o755)\n"
    "open('blob.bin', 'wb').write(bytes(range(256)))\n"
    "os.chmod('kept.sh', 0o755)\n"
    f"for n in range({MANY}): open(f'more-{{n:02}}.txt', 'w').write('x' * 2000)\n"
)
HIDES = "\x1b[2J\x1b]0;pwned\x07\u202etxt.exe\u2066\u200b\x00\x9b31m"


def visible(text):
    return all(unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs") for char in text)


@pytest.fixture
def asked(settled):
    """`asked(policy, **wish)` is the request of H-1: its text, and what a YAML reader says."""

    def ask(policy="", **wish):
        home = settled(POLICY + policy.encode())
        home.commits({"kept.sh": "#!/bin/sh\n"})
        home.wishes("H-1", **wish)
        standing = home.runs()
        assert "H-1" in standing.rests, (standing.rests, home.told)
        text = home.request("H-1")
        return text, yaml.safe_load(text), home

    return ask


def test_links_modes_and_what_has_no_text_stand_apart_and_a_long_list_is_counted(asked):
    text, page, home = asked(
        f"requests: {{paths: {MANY // 2}}}\n",
        requires_approval=True,
        write_scope=["**"],
        command=MAKES,
        files=[{"path": "blob.bin", "action": "create"}],
        tests=[{"run": ["test", "-s", "plain.txt"]}],
    )
    assert all(visible(line) for line in text.splitlines())
    assert page["links"]["listed"] == ["link.txt -> plain.txt"]
    assert set(page["modes"]["listed"]) == {"run.sh: new, 100755", "kept.sh: 100644 -> 100755"}
    assert page["binary"]["listed"] == ["blob.bin"]
    changed = home.git("diff", "--name-only", page["base"], page["candidate"]).splitlines()
    assert (page["paths_total"], len(page["paths"])) == (len(changed), MANY // 2)
    assert page["stat"]["files"] == len(changed)
    first = page["paths"][0]
    assert first["to"].split()[1] == home.tip(f"{page['candidate']}:{first['path']}")
    assert page["command"] == f"git diff {page['base']} {page['candidate']}"


def test_what_a_builder_prints_is_no_command_to_a_terminal(asked):
    text, page, _ = asked(
        "failures: {build_error: {action: escalate, origin: item}}\n",
        command=python(f"import sys; print({HIDES!r}, file=sys.stderr); sys.exit(3)"),
    )
    assert all(visible(line) for line in text.splitlines())
    assert (page["outcome"], page["mode"]) == ("ESCALATION_REQUESTED", "signed")


def test_a_name_that_turns_around_is_written_out_or_never_gets_here(asked):
    """A bar stands before the request; what is told of it can be seen, too."""
    text, _, _ = asked(
        "failures: {validation_error: {action: escalate, origin: item},"
        " scope_violation: {action: escalate, origin: item}}\n",
        write_scope=["**"],
        requires_approval=True,
        command=python("open('plain\\u202etxt.exe', 'w').write('made\\n')"),
        tests=[{"run": ["sh", "-c", "ls | grep -q plain"]}],
    )
    assert all(visible(line) for line in text.splitlines())
    assert "\\u202E" in text or "\\u202e" in text


def test_each_answer_that_lies_beside_is_named_and_lacks_its_reason(asked):
    _, page, home = asked(requires_approval=True)
    kinds = [answer["kind"] for answer in page["answers"]]
    assert kinds == ["abort", "approval", "rejection"]
    for answer in page["answers"]:
        assert answer["ready"] == answer_path("requests/1.yaml", answer["kind"])
        ready = yaml.safe_load(home.ready("H-1", answer["kind"]))
        assert (ready["reason"], ready["kind"]) == ("", answer["kind"])
        assert answer["file"] == f"waivers/{ready['id']}.yaml"
