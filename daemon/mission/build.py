"""The builder's deed: run it in the sandbox on the attempt's start tree, and checkpoint the rest.

Runs in a worker. Repeatable: it writes objects only; what it found is recorded by the main thread.
"""

import threading
from dataclasses import dataclass
from typing import Literal

from daemon.mission.draft import Outcome
from daemon.site import Site
from gitops.commits import tree_of, unsigned_commit
from gitops.objects import Batch
from gitops.tree.diff import entries_between, stat_of
from policy.bus.operation import Furnished, Given, Operation
from policy.bus.result import Denied, Exited, NotStarted, Output, Ran, Refused, Taken, Usage
from policy.canonical import canonical, sha256
from policy.change import EMPTY_STAT, NO_CHANGE, change_of
from policy.ids import CommitId, MissionId
from policy.mission.account import Account
from policy.mission.attempts import AttemptEnded, AttemptInterrupted, AttemptStarted, Printed
from policy.mission.classify import interruption_of
from policy.mission.spending import NothingSpent, Spent, told_in
from policy.mission.steps import step_id
from policy.rules.sandbox import Sandbox
from policy.signs.recognise import recognise
from policy.signs.signature import Classify, Sign


@dataclass(frozen=True)
class BuilderRun:
    """One attempt's run. *before* are the mission's checkpoints so far, oldest first."""

    site: Site
    mission: MissionId
    started: AttemptStarted
    account: Account | None
    limits: Sandbox
    classify: Classify
    usage: Literal["none", "printed"]
    before: tuple[CommitId, ...]
    furnished: Furnished | None = None

    def __call__(self, stop: threading.Event) -> Outcome:
        """Return `attempt-ended` with its checkpoint, or `attempt-interrupted`."""
        self.site.point("builder-start")
        result = self.site.door.launch(self._operation(), stop=stop, tree_limits=self.limits.tree)
        self.site.point("builder-end")
        match result:
            case Denied() as denied:
                return Outcome((self._denied(denied),))
            case Ran() as ran:
                cause = interruption_of(ran.ending)
                if cause is not None:
                    return Outcome((AttemptInterrupted(n=self.started.n, cause=cause),))
                return self._ended(ran)

    def _operation(self) -> Operation:
        started = self.started
        step = step_id(
            self.mission,
            stage=started.stage,
            attempt=started.n,
            level=started.level,
            name="builder",
            inputs=(started.start_tree, started.environment, *started.argv, *_told(started)),
        )
        return Operation(
            mission=self.mission,
            step=step,
            role="builder",
            argv=started.argv,
            env=(
                ("PAWL_MISSION", self.mission),
                ("PAWL_ATTEMPT", str(started.n)),
                *_level(started),
            ),
            given=self._given(),
            tree=started.start_tree,
            environment=self.furnished,
            changes="kept",
            limits=self.limits.builder.asked(),
        )

    def _given(self) -> Given | None:
        if self.account is None:
            return None
        return Given(variable="PAWL_FAILURE", text=self.account.to_json().decode())

    def _ended(self, ran: Ran) -> Outcome:
        evidence = {self._output_path: ran.output.text.encode(), **self._environment()}
        match ran.snapshot:
            case Taken() as taken:
                ended, raw = self._checkpointed(ran, taken)
                return Outcome((ended,), evidence, (raw,))
            case Refused() as refused:
                return Outcome((self._refused(ran, refused),), evidence)
            case None:
                raise ValueError(f"{self.mission}: a builder's run came back without a snapshot")

    def _environment(self) -> dict[str, bytes]:
        """Return what the builder found installed, where it was anything."""
        about = self.site.environments.find(self.furnished.key) if self.furnished else None
        if about is None:
            return {}
        content = canonical(about.model_dump(mode="json", by_alias=True))
        return {f"attempts/{self.started.n}/environment.json": content}

    def _checkpointed(self, ran: Ran, taken: Taken) -> tuple[AttemptEnded, bytes]:
        """Make the checkpoint; the one before is a parent too, so the work branch shows each."""
        store, started = self.site.worker_store(), self.started
        entries = entries_between(store, tree_of(store, started.base), taken.tree)
        raw = unsigned_commit(
            tree=taken.tree,
            parents=tuple(dict.fromkeys((started.start, *self.before[-1:]))),
            message=f"{self.mission}: attempt {started.n}\n",
            at=int(self.site.clock.now().timestamp()),
        )
        ended = AttemptEnded(
            n=started.n,
            ending=ran.ending,
            snapshot=taken,
            checkpoint=Batch(store).commit(raw),
            tree=taken.tree,
            change=change_of(entries),
            stat=stat_of(store, entries),
            output=self._printed(ran.output),
            usage=ran.usage,
            spent=self._spent(ran),
            sign=self._sign(ran) if ran.status == "failed" or not entries else None,
        )
        return ended, raw

    def _refused(self, ran: Ran, refused: Refused) -> AttemptEnded:
        return AttemptEnded(
            n=self.started.n,
            ending=ran.ending,
            snapshot=refused,
            checkpoint=None,
            tree=None,
            change=NO_CHANGE,
            stat=EMPTY_STAT,
            output=self._printed(ran.output),
            usage=ran.usage,
            spent=self._spent(ran),
            sign=self._sign(ran),
        )

    def _denied(self, denied: Denied) -> AttemptEnded:
        """Say that a check of the bus refused it: nothing ran, nothing can be proposed."""
        why = f"the bus refused it: {denied.check}: {denied.why}"
        return AttemptEnded(
            n=self.started.n,
            ending=NotStarted(cause="sandbox", why=why),
            snapshot=Refused(reason="unreadable", path="", why="nothing ran"),
            checkpoint=None,
            tree=None,
            change=NO_CHANGE,
            stat=EMPTY_STAT,
            output=Printed(path="", size=0, sha256=sha256(b"")),
            usage=Usage(wall_s=0.0, cpu_s=0.0, max_rss_bytes=0),
        )

    def _spent(self, ran: Ran) -> Spent:
        match self.usage:
            case "none":
                return NothingSpent()
            case "printed":
                return told_in(ran.output.text)

    def _sign(self, ran: Ran) -> Sign | None:
        code = ran.ending.code if isinstance(ran.ending, Exited) else None
        return recognise(ran.output, code, "builder", self.classify)

    @property
    def _output_path(self) -> str:
        return f"attempts/{self.started.n}/output.txt"

    def _printed(self, output: Output) -> Printed:
        return Printed(path=self._output_path, size=output.size, sha256=output.sha256)


def _level(started: AttemptStarted) -> tuple[tuple[str, str], ...]:
    """Return what a builder is told of its level; what the level leaves open is not there."""
    level = started.named
    if level is None:
        return ()
    rows = ("PAWL_LEVEL", level.name), ("PAWL_MODEL", level.model), ("PAWL_VARIANT", level.variant)
    return tuple((name, value) for name, value in rows if value is not None)


def _told(started: AttemptStarted) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in _level(started))
