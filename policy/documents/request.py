"""A request: what the daemon asks of a person, as a file in the dossier.

YAML written as JSON lines, so that it is read by the same strict loader as everything else. The
ready-made answer file comes with permissions; until then the answers are those of plain commits.
"""

import json

from policy.documents.summary import Summary
from policy.mission.facts import PersonAsked
from policy.people.trust import Mode


def request_page(summary: Summary, asked: PersonAsked, mode: Mode) -> str:
    """Return the request as YAML: flat keys, JSON values."""
    rows: dict[str, object] = {
        "schema": 1,
        "mode": mode,
        "mission": summary.id,
        "outcome": asked.outcome,
        "reason": asked.reason,
        "why": asked.why,
        "failure": summary.failure,
        "base": summary.base,
        "tree": summary.tree,
        "spec": summary.spec_hash,
        "gates": summary.gates,
        "attempts": summary.attempts,
        "answers": [
            f"pawl retry {summary.item}   # commits `reopen: n+1`: a new mission",
            f"pawl cancel {summary.item}  # commits `status: cancelled`",
        ],
    }
    return "".join(f"{key}: {json.dumps(value, sort_keys=True)}\n" for key, value in rows.items())
