"""`.pawl/revoked`: keys that count no more, as `ssh-keygen -r` takes them.

Either public keys, one a line, or a key revocation list (`ssh-keygen -k`). ssh-keygen skips a line
of the first form that it cannot read; here such a line makes the file unreadable, because a key
mistyped there would go on to count.
"""

from policy.people.approvers import lines_of
from policy.people.keys import Key, key_of
from policy.problems import Problem, Unreadable, first
from policy.value import Value

_MAGIC = b"SSHKRL\n\0"


class Revoked(Value):
    """*keys* are those listed in text; what a binary list holds only ssh-keygen can tell."""

    keys: frozenset[Key] = frozenset()
    binary: bool = False
    """Whether it is a key revocation list."""


def read_revoked(content: bytes) -> Revoked | Unreadable:
    if content.startswith(_MAGIC):
        return Revoked(binary=True)
    keys: set[Key] = set()
    problems: list[Problem] = []
    for number, line in lines_of(content):
        if isinstance(line, Problem):
            problems.append(line)
            continue
        kind, _, rest = line.partition(" ")
        key = key_of(kind, (rest.split() or [""])[0])
        if isinstance(key, str):
            problems.append(Problem(number, 0, key))
        else:
            keys.add(key)
    return Unreadable(first(problems)) if problems else Revoked(keys=frozenset(keys))
