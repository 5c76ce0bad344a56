"""Two effective policies compared key by key: what one says that the other does not.

Maps are walked, lists are one value: that is how overrides merge, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policy.canonical import canonical
from policy.rules.model import Policy

_ABSENT = object()


@dataclass(frozen=True)
class Difference:
    """*old* and *new* are JSON; None: there is no such key."""

    key: str
    old: str | None
    new: str | None

    @property
    def text(self) -> str:
        return f"{self.key}: {self.old or '(nothing)'} -> {self.new or '(nothing)'}"


def differences(old: Policy, new: Policy) -> tuple[Difference, ...]:
    """Return what differs, in the order of the keys of *old*."""
    sides = (one.model_dump(mode="json", by_alias=True) for one in (old, new))
    return tuple(_walk((), *sides))


def _walk(path: tuple[str, ...], old: object, new: object) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _walk((*path, str(key)), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif old != new or type(old) is not type(new):
        yield Difference(".".join(path), _json(old), _json(new))


def _json(value: object) -> str | None:
    return None if value is _ABSENT else canonical(value).decode()
