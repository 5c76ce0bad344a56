"""The ready-made answer to what is asked: a permission with every live value filled in.

It is the other side of `bindings.py`: what is made here for a matter holds for that matter. What is
left to the person is the decision and the reason.
"""

from datetime import datetime

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
from policy.people.permission import FORMS, Kind, More, Permission, PermissionId
from policy.people.reading import write_permission

_REASON = 'reason: ""  # why, in 20 to 2000 characters'


def answer(
    kind: Kind,
    live: Live,
    *,
    id: PermissionId,  # noqa: A002  # the key of the file
    reason: str,
    expires: datetime,
    grant: More | None = None,
    tests: tuple[str, ...] = (),
) -> Permission:
    """Return the permission of *kind* for what *live* asks; *expires* in UTC, whole seconds.

    Raises `ValueError` where a permission of that kind cannot say it: no subject, no grant, a
    reason that is too short.
    """
    given: dict[str, object] = {
        "schema": 1,
        "kind": kind,
        "id": id,
        "repo": live.repo,
        "ref": live.ref,
        "reason": reason,
        "expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        "max_uses": 1,
        "grant": grant,
        "tests": tests,
        **_matter(live),
    }
    form = FORMS[kind]
    keys = {field.alias or name for name, field in form.model_fields.items()}
    return form.model_validate({key: value for key, value in given.items() if key in keys})


def template(permission: Permission) -> str:
    """Return the file with its reason left out: it is no permission until a person wrote one."""
    rows = write_permission(permission).splitlines()
    return "\n".join(_REASON if row.startswith("reason: ") else row for row in rows) + "\n"


def _matter(live: Live) -> dict[str, object]:
    match live.matter:
        case OfMission() as asked:
            return {
                "mission": asked.mission,
                "attempt": asked.attempt,
                "spec": asked.spec,
                "policy": asked.policy,
                "request": asked.request,
                "gates": asked.gates,
                "subject": _subject(asked.subject),
            }
        case OfGate(gate=gate):
            return {"gates": (gate,)}
        case OfPermission(id=revoked):
            return {"revokes": revoked}
        case OfLine(tip=tip):
            seen = live.mark.seen if isinstance(live.mark, Rewound) else None
            return {"rewrite": {"seen": seen, "tip": tip}}


def _subject(subject: Candidate | Document | None) -> dict[str, str] | None:
    match subject:
        case Candidate(base=base, change=change, product=product):
            return {"base": base, "change": change, "product": product}
        case Document(base=base, document=document):
            return {"base": base, "document": document}
        case None:
            return None
