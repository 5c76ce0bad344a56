"""What the hub said no to, and when it is asked again: later each time, no two hosts at once."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.clock import Clock
from daemon.log import get_logger
from daemon.remote.exchange import Ask
from gitops import refs
from gitops.remote import Changed, Pushed, Refused
from policy.ids import CommitId, RefName
from policy.remote import Remote

_log = get_logger()


@dataclass(frozen=True)
class Refusal:
    """The hub said no so many times in a row; asked again at *until* (monotonic) or *at*."""

    why: str
    times: int
    until: float
    at: datetime


class Refusals:
    """By what was asked: a ref, or the key of an ask that is atomic. Times are monotonic."""

    def __init__(self, remote: Remote, clock: Clock) -> None:
        self._remote = remote
        self._clock = clock
        self._by_key: dict[str, Refusal] = {}
        self.kept_branches: set[RefName] = set()
        """Work branches that the hub does not let us delete."""

    def of(self, key: str) -> Refusal | None:
        return self._by_key.get(key)

    def whys(self) -> dict[str, str]:
        return {key: refusal.why for key, refusal in self._by_key.items()}

    def holds(self, key: str, now: float) -> bool:
        """Return whether *key* must not be asked for yet."""
        refusal = self._by_key.get(key)
        return refusal is not None and now < refusal.until

    def moments(self, now: float) -> list[float]:
        """Return when something is asked for again."""
        return [one.until for one in self._by_key.values() if one.until > now]

    def after(self, before: Refusal | None, why: str, now: float) -> Refusal:
        """Return the refusal that follows *before*."""
        times = 1 if before is None else before.times + 1
        longest = min(self._remote.retry_s * 2 ** min(times - 1, 30), self._remote.retry_max_s)
        wait = longest * random.uniform(0.5, 1.0)  # noqa: S311 - so that hosts do not come at once
        at = self._clock.now() + timedelta(seconds=wait + 1)
        return Refusal(why, times, now + wait, at)

    def answered(
        self, ask: Ask, answer: Pushed, seen: Mapping[RefName, CommitId], now: float
    ) -> None:
        """Note what the hub refused, and forget what it took; *seen* is what it had afterwards."""
        if ask.atomic:
            self._answered_whole(ask, answer, seen, now)
            return
        for change in ask.changes:
            match answer.answers.get(change.ref):
                case Changed():
                    self._by_key.pop(change.ref, None)
                case Refused(why=why):
                    self._note(change.ref, why, now)
                case one if seen.get(change.ref) == change.old:
                    self._note(change.ref, one.why if one else "it said nothing of this ref", now)
                case _:
                    pass  # it moved: what to do is decided by where it is now

    def _answered_whole(
        self, ask: Ask, answer: Pushed, seen: Mapping[RefName, CommitId], now: float
    ) -> None:
        kept = {ref for ref in answer.refused if ref.startswith(refs.WORK)}
        if kept == set(answer.refused) and kept:
            self.kept_branches |= kept
        elif answer.refused:
            self._note(ask.key, next(iter(answer.refused.values())), now)
        elif all(isinstance(one, Changed) for one in answer.answers.values()):
            self._by_key.pop(ask.key, None)
        elif all(seen.get(change.ref) == change.old for change in ask.changes):
            whys = [one.why for one in answer.answers.values() if not isinstance(one, Changed)]
            self._note(ask.key, f"it took nothing: {'; '.join(dict.fromkeys(whys))}", now)

    def _note(self, key: str, why: str, now: float) -> None:
        before = self._by_key.get(key)
        if before is None or before.why != why:
            _log.warning("the hub refused", what=key, why=why)
        self._by_key[key] = self.after(before, why, now)
