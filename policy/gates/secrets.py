"""Gate `secrets`: what the scanner found in added lines. The secret itself is never in it."""

from collections.abc import Sequence

from policy.gates.finding import Finding, barred, passed
from policy.ids import Digest
from policy.rules.failures import FailureClass
from policy.value import Value


class Secret(Value):
    """*line* counts from 1 in the new file, 0 is its path; *digest* is of the secret."""

    path: str
    line: int
    type: str
    digest: Digest


def judge_secrets(secrets: Sequence[Secret], *, looked_at: int) -> Finding:
    """Bar each file that gains a secret; *looked_at* is how many files were read."""
    faults: dict[str, str] = {}
    for secret in secrets:
        faults.setdefault(secret.path, f"{secret.type} in line {secret.line}")
    if faults:
        return barred(FailureClass.SECRET_FOUND, faults, looked_at=looked_at)
    return passed(looked_at)
