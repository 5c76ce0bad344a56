"""A request: what the daemon asks of a person, as a file in the dossier.

YAML of JSON values, read by the same strict loader as everything else. What cannot be seen, or
turns around what can, is written as an escape: a request is read on terminals (A62). The answers
lie beside it, because each names the blob of the request it is about.
"""

import json
import unicodedata
from collections.abc import Mapping

from policy.documents.shown import Change, cut, named, rows, sha256_of, visible
from policy.documents.summary import Summary
from policy.gates.verdict import Passed, Record
from policy.mission.facts import Candidate
from policy.mission.persons import PersonAsked
from policy.people.permission import Kind, PermissionId
from policy.people.reading import FOLDER, path_of
from policy.people.trust import Mode
from policy.value import Value

_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_ASTRAL = 0xFFFF
_HOW = (
    "git fetch origin '+refs/pawl/*:refs/pawl/*'   # where this is not in your clone yet",
    "run the command of one answer, and write into its file why you decide so",
    "git add waivers && git commit -S -m 'why' && git push   # signed, and nothing else in it",
)


class Shown(Value):
    """What a request is made of."""

    asked: PersonAsked
    summary: Summary
    mode: Mode
    ref: str
    """Where the mission's dossier is."""
    candidate: Candidate | None
    change: Change | None
    records: tuple[Record, ...]
    """What the gates said of the candidate."""
    answers: Mapping[Kind, PermissionId]
    """The ready-made answers, each by the id it has."""
    expires: str
    most: int
    """`requests.paths`."""


def answer_path(request: str, kind: Kind) -> str:
    """Return where in the dossier the ready-made answer to *request* is."""
    return f"{request.removesuffix('.yaml')}.{kind}.yaml"


def request_page(shown: Shown) -> str:
    """Return the request as YAML."""
    summary, asked = shown.summary, shown.asked
    said: dict[str, object] = {
        "schema": 1,
        "mode": shown.mode,
        "mission": summary.id,
        "title": summary.title,
        "need": asked.need.model_dump(mode="json"),
        "outcome": asked.outcome,
        "reason": asked.reason,
        "why": asked.why,
        "failure": summary.failure,
        "attempt": asked.attempt,
        "spec": summary.spec_hash,
        "policy": summary.policy,
        "base": asked.base,
        "tree": summary.tree,
        "gates": summary.gates,
        "attempts": summary.attempts,
        **_proposed(shown),
        "failing": [row for one in shown.records if (row := _failing(one, shown.most))],
        "answers": [_answer(shown, kind) for kind in sorted(shown.answers)],
        "expires": shown.expires,
        "how": list(_HOW),
        "otherwise": [
            f"pawl retry {summary.item}   # commits `reopen: n+1`: a new mission",
            f"pawl cancel {summary.item}  # commits `status: cancelled`",
        ],
    }
    return "".join(_entry(key, value) for key, value in said.items())


def _proposed(shown: Shown) -> dict[str, object]:
    candidate, change = shown.candidate, shown.change
    said: dict[str, object] = {}
    if candidate is not None:
        said |= {
            "candidate": candidate.commit,
            "product": candidate.product,
            "change": candidate.change,
            "command": f"git diff {candidate.base} {candidate.commit}",
        }
    if change is None:
        return said
    paths = [one.path for one in change.entries]
    return {
        **said,
        "stat": change.stat.model_dump(mode="json"),
        **{name: cut(found, shown.most) for name, found in named(change).items() if found},
        "paths": rows(change, shown.most),
        "paths_total": len(paths),
        "paths_sha256": sha256_of(paths),
    }


def _failing(record: Record, most: int) -> dict[str, object]:
    if isinstance(record.verdict, Passed):
        return {}
    return {
        "gate": record.gate,
        "said": record.verdict.kind,
        "class": record.verdict.failure,
        "why": record.verdict.why,
        "tests": cut(record.new, most),
        "report": record.report,
    }


def _answer(shown: Shown, kind: Kind) -> dict[str, object]:
    ready, file = answer_path(shown.asked.request, kind), path_of(shown.answers[kind])
    return {
        "kind": kind,
        "ready": ready,
        "file": file,
        "command": f"mkdir -p {FOLDER} && git show {shown.ref}:{ready} >{file}",
    }


def _entry(key: str, value: object) -> str:
    if isinstance(value, list) and value:
        return f"{key}:\n" + "".join(f"  - {_json(one)}\n" for one in value)
    return f"{key}: {_json(value)}\n"


def _json(value: object) -> str:
    """Return *value* as JSON that YAML reads alike, all of it visible."""
    text = json.dumps(_visible(value), ensure_ascii=False, sort_keys=True)
    return "".join(map(_seen, text))


def _visible(value: object) -> object:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {key: _visible(one) for key, one in value.items()}
    return [_visible(one) for one in value] if isinstance(value, list | tuple) else value


def _seen(char: str) -> str:
    if unicodedata.category(char) not in _UNSEEN:
        return char
    code = ord(char)
    return f"\\U{code:08X}" if code > _ASTRAL else f"\\u{code:04X}"
