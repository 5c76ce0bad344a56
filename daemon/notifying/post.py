"""The post: what is new is put into the outbox, and threads carry it out; the loop never waits.

Every method is the main thread's. One thread a destination sends what lies there for it, one after
the other; where that fails, all of it waits, longer each time, and at last is given up.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TypeVar

from daemon.clock import rfc3339
from daemon.log import get_logger
from daemon.mission.draft import Draft
from daemon.notifying.memory import Memory, Outgoing, Trouble, recall, remember
from daemon.notifying.sending import NotSent, Sent, send
from daemon.notifying.situation import closings, conditions
from daemon.site import Site
from daemon.standing import Standing
from daemon.wake import Wake
from gitops import refs
from policy import backoff
from policy.notifying.news import Condition, Happened, news, next_reminder
from policy.notifying.notice import Notice
from policy.notifying.rules import Destination, Rules

_log = get_logger()
T = TypeVar("T")


@dataclass
class _Line:
    """How it goes with one destination."""

    again: float = 0.0
    """When it is tried again (monotonic): a clock that was put back keeps nothing waiting."""
    heard: float = 0.0
    """When its thread began, or was last answered (monotonic)."""
    thread: threading.Thread | None = None
    answers: SimpleQueue[tuple[str, Sent | NotSent] | None] = field(default_factory=SimpleQueue)
    """A notice's id and what became of it; None is the thread's last word."""


class Post:
    """Tells what begins and ends to those the host file has an address of."""

    def __init__(
        self, site: Site, wake: Wake, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._site = site
        self._wake = wake
        self._monotonic = monotonic
        self._limits = site.outside.host.notify_limits
        self._lines = {name: _Line() for name in site.outside.host.notify}
        self._memory = recall(site.state)
        self._began = site.clock.now()
        self._stop = threading.Event()
        self._unknown: set[Destination] = set()
        self._unwritten: str | None = None
        self._broken: str | None = None

    def look(self, standing: Standing, drafts: Iterable[Draft], rules: Rules | None) -> None:
        """Tell what is new since the last look; *rules*: None while the policy cannot be read."""
        try:
            self._look(standing, drafts, rules)
        except Exception as error:  # noqa: BLE001  # whatever goes wrong here, work goes on
            why = f"{type(error).__name__}: {error}"
            if why != self._broken:
                _log.exception("telling people does not work; missions go on")
            self._broken = why

    def _look(self, standing: Standing, drafts: Iterable[Draft], rules: Rules | None) -> None:
        rules = rules or self._memory.rules
        if rules is None:
            return
        there = tuple(conditions(self._site, standing, drafts, self._began))
        before = self._memory
        self._collect()
        self._add(rules, there)
        self._site.point("notify")
        self._keep(before)
        self._site.point("notified")
        self._carry()
        standing.due |= self._due(there, rules)

    def close(self) -> None:
        """Send what can be sent at once; what is left is sent after the next start."""
        patience_s = min(self._limits.timeout_s, self._site.outside.host.stop_s)
        deadline = self._monotonic() + patience_s
        while busy := self._settle():
            left = deadline - self._monotonic()
            if left <= 0:
                break
            busy[0].join(left)
        self._stop.set()

    def _settle(self) -> list[threading.Thread]:
        """Take what was answered, send what may be sent; return the threads that are at it."""
        before = self._memory
        self._collect()
        self._keep(before)
        self._carry()
        return [line.thread for line in self._lines.values() if line.thread is not None]

    # what is new

    def _add(self, rules: Rules, there: tuple[Condition, ...]) -> None:
        site, told = self._site, self._memory.told
        tip = refs.read(site.store, refs.LEDGER)
        ended: tuple[Happened, ...] = ()
        if told.ledger is not None and tip is not None:
            most = rules.notices.per_hour + 1  # one more is known to be omitted
            ended = tuple(closings(site, told.ledger, tip, most))
        now, repo = rfc3339(site.clock.now()), site.outside.name
        found = news(told, there, ended, rules, repo=repo, now=now)
        known = [(to, notice) for to, notice in found.notices if self._is_known(to)]
        outbox = (*self._memory.outbox, *(Outgoing(to=to, notice=one) for to, one in known))
        told = found.told.model_copy(update={"ledger": tip})
        self._update(told=told, outbox=self._bounded(outbox), rules=rules)

    def _is_known(self, to: Destination) -> bool:
        if to in self._lines:
            return True
        if to not in self._unknown:
            self._unknown.add(to)
            _log.warning(
                "the policy's notifications are to somebody the host file does not know",
                to=to,
                then=f"add `notify: {{{to}: ...}}` to the host file, or take the rule out",
            )
        return False

    def _bounded(self, outbox: tuple[Outgoing, ...]) -> tuple[Outgoing, ...]:
        kept: list[Outgoing] = []
        room = dict.fromkeys(self._lines, self._limits.waiting)
        for one in reversed(outbox):
            if one.to not in room:
                continue  # the host file does not know it any more
            if room[one.to]:
                room[one.to] -= 1
                kept.append(one)
            else:
                self._give_up(one, f"more than {self._limits.waiting} wait (notify_limits)")
        return tuple(reversed(kept))

    # what is sent

    def _collect(self) -> None:
        for name, line in self._lines.items():
            for answered in _taken(line.answers):
                match answered:
                    case (notice, Sent()):
                        self._sent(name, line, notice)
                    case (notice, NotSent(why=why)):
                        self._failed(name, line, notice, why)
                    case None:
                        line.thread = None
                line.heard = self._monotonic()
            stuck_s = self._limits.stuck_s
            if line.thread is not None and self._monotonic() - line.heard > stuck_s:
                self._trouble(name, f"it has neither taken nor refused anything for {stuck_s} s")

    def _sent(self, name: Destination, line: _Line, notice: str) -> None:
        troubles = dict(self._memory.troubles)
        if troubles.pop(name, None) is not None:
            _log.info("notifications are sent again", to=name)
        line.again = 0.0
        self._update(troubles=troubles)
        self._replace(name, notice, None)

    def _failed(self, name: Destination, line: _Line, notice: str, why: str) -> None:
        self._trouble(name, why)
        one = next((one for one in self._memory.outbox if _is(one, name, notice)), None)
        if one is None:
            return
        tries = one.tries + 1
        line.again = self._monotonic() + self._pause_s(tries)
        if tries > self._limits.retries:
            self._give_up(one, why)
            self._replace(name, notice, None)
        else:
            self._replace(name, notice, one.model_copy(update={"tries": tries}))

    def _trouble(self, name: Destination, why: str, given_up: int = 0) -> None:
        before = self._memory.troubles.get(name)
        if before is None:
            before = Trouble(why=why, since=rfc3339(self._site.clock.now()))
            _log.warning("a notification cannot be sent; work goes on", to=name, why=why)
        now = before.model_copy(update={"why": why, "given_up": before.given_up + given_up})
        self._update(troubles={**self._memory.troubles, name: now})

    def _give_up(self, one: Outgoing, why: str) -> None:
        self._trouble(one.to, why, given_up=1)
        if self._memory.troubles[one.to].given_up == 1:
            _log.error(
                "a notification is given up; `pawl status` counts them",
                to=one.to,
                notice=one.notice.title,
                why=why,
            )

    def _pause_s(self, tries: int) -> float:
        start, limits = datetime.fromtimestamp(0, UTC), self._limits
        again = backoff.until(
            start.isoformat(), limits.retry_s, doubled=tries - 1, at_most_s=limits.retry_max_s
        )
        return (again - start).total_seconds()

    def _replace(self, name: Destination, notice: str, by: Outgoing | None) -> None:
        rows = (by if _is(one, name, notice) else one for one in self._memory.outbox)
        outbox = tuple(one for one in rows if one is not None)
        self._update(outbox=outbox)

    def _update(self, **changed: object) -> None:
        self._memory = self._memory.model_copy(update=changed)

    def _carry(self) -> None:
        """Start a thread for each destination that something waits for, and that has none."""
        for name, line in self._lines.items():
            if line.thread is not None or self._monotonic() < line.again:
                continue
            waiting = tuple(one.notice for one in self._memory.outbox if one.to == name)
            if waiting:
                line.thread = threading.Thread(
                    target=self._deliver, args=(name, line, waiting), name=f"to {name}", daemon=True
                )  # a daemon's: what hangs in a library must not keep the process from its end
                line.heard = self._monotonic()
                line.thread.start()

    def _deliver(self, name: Destination, line: _Line, waiting: tuple[Notice, ...]) -> None:
        """Send what waits, in order, until one is not taken. Not in the main thread."""
        outside = self._site.outside
        try:
            for notice in waiting:
                answer = send(
                    outside.host.notify[name],
                    notice,
                    timeout_s=self._limits.timeout_s,
                    credentials=outside.credentials,
                )
                line.answers.put((notice.id, answer))
                if isinstance(answer, NotSent) or self._stop.is_set():
                    break
        finally:
            line.answers.put(None)
            self._wake.up()

    # what is remembered, and when it is looked at again

    def _keep(self, before: Memory) -> None:
        """Write down what has changed: before it is sent, and after it was."""
        if self._memory == before:
            return
        why = remember(self._site.state, self._memory)
        if why is not None and why != self._unwritten:
            _log.warning("what was told cannot be written down; it may be told again", why=why)
        self._unwritten = why

    def _due(self, there: tuple[Condition, ...], rules: Rules) -> Mapping[str, datetime]:
        now = self._site.clock.now()
        moments = {}
        reminder = next_reminder(there, rules.requests, rfc3339(now))
        if reminder is not None and any(rule.to in self._lines for rule in rules.notifications):
            moments["reminder"] = reminder
        waiting = {one.to for one in self._memory.outbox}
        looks = [self._looked_at(line) for name, line in self._lines.items() if name in waiting]
        if looks:
            left = max(0.0, min(looks) - self._monotonic())
            moments["post"] = now + timedelta(seconds=left + 1)
        return moments

    def _looked_at(self, line: _Line) -> float:
        """Return when *line* is to be looked at, if nothing is heard of it (monotonic)."""
        if line.thread is None:
            return line.again
        return max(line.heard, self._monotonic()) + self._limits.stuck_s


def _taken(answers: SimpleQueue[T]) -> Iterator[T]:
    with suppress(Empty):
        while True:
            yield answers.get_nowait()


def _is(one: Outgoing, to: Destination, notice: str) -> bool:
    return one.to == to and one.notice.id == notice
