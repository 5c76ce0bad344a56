"""Where gates run their commands: each on a fresh copy of a tree, and leaving evidence.

Nothing a run leaves in its tree is kept, and no two runs share one: what a test writes cannot help
the next. Only runs on a base are ever taken from memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol

from daemon.gates.base_records import BaseRecord, BaseRecords, Key
from daemon.gates.case import Case
from gitops.objects import Batch
from policy.backlog.verification import Verification
from policy.bus.operation import Furnished, Limits, Operation
from policy.bus.result import Denied, EngineResult, Ran
from policy.canonical import canonical, sha256
from policy.furnishing import environment_digest
from policy.gates.reports import Report, Unreadable
from policy.gates.run import Heard, Run, hear
from policy.ids import GateName, TreeId
from policy.mission.steps import step_id
from policy.rules.gates import GateLimits
from policy.rules.sandbox import ProcessLimits


class Launches(Protocol):
    """The one door to processes (`daemon.bus.door.Door`)."""

    def launch(self, operation: Operation, *, stop: Event | None = None) -> EngineResult: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of one gate. *place* is the folder of its evidence, below the gate's."""

    gate: GateName
    verification: Verification
    role: Literal["verification", "gate"]
    limits: GateLimits
    environment: str | None = None
    """The name of the one it runs in."""
    place: str = ""


class Bench:
    """Runs the commands of one judgement; *evidence* grows with each run, uncut."""

    def __init__(
        self, case: Case, door: Launches, batch: Batch, records: BaseRecords, stop: Event
    ) -> None:
        self.case, self.batch, self.stop = case, batch, stop
        self.evidence: dict[str, bytes] = {}
        self._door, self._records = door, records

    def hear(self, command: Command, tree: TreeId, *, at: str = "") -> Heard:
        """Run *command* on *tree*; *at* is one more folder for the evidence."""
        return self._heard(command, self._operation(command, tree, self.case.furnished), at=at)

    def _heard(self, command: Command, operation: Operation, *, at: str) -> Heard:
        result = self._door.launch(operation, stop=self.stop)
        self._keep(self.path(command, at), operation, result)
        return hear(result, report=command.verification.report)

    def hear_base_afresh(self, command: Command) -> Heard:
        """Run *command* on the base once more, whatever it said there before."""
        operation = self._operation(command, self.case.base, self.case.furnished_base)
        return self._heard(command, operation, at="base-again")

    def hear_base(self, command: Command, tree: TreeId) -> Heard:
        """Run *command* on the base's *tree*, or remember what it said there."""
        operation = self._operation(command, tree, self.case.furnished_base)
        used = [operation.environment] if operation.environment else []
        environment = environment_digest(self.case.environment, used)
        key = Key(tree=tree, definition=operation.definition(), environment=environment)
        record = self._records.find(key)
        if record is None:
            heard = self._heard(command, operation, at="base")
            if not isinstance(heard, Run):
                return heard
            record = BaseRecord(key=key, run=heard)
            if _may_be_kept(heard):
                self._records.keep(record)
        self.evidence[self.path(command, "base", "record.json")] = record.to_json()
        return record.run

    def path(self, command: Command, *below: str) -> str:
        """Return a path in the dossier for evidence of *command*."""
        parts = (self.case.place, command.gate, command.place, *below)
        return "/".join(part for part in parts if part)

    def add(self, gate: GateName, name: str, content: bytes) -> None:
        """Keep evidence of a gate that runs no command."""
        self.evidence[f"{self.case.place}/{gate}/{name}"] = content

    def report_of(self, gate: GateName) -> str:
        """Return the path of what a person would read first of *gate*; empty if it left nothing.

        The run that was judged last decided, so it is that run's report, else its output.
        """
        folder = f"{self.case.place}/{gate}/"
        paths = [path for path in self.evidence if path.startswith(folder)]
        for name in ("report.xml", "output.txt", "findings.json", "run.json", "record.json"):
            of_name = [path for path in paths if path.endswith(f"/{name}")]
            if of_name:
                return of_name[-1]
        return ""

    def _operation(
        self, command: Command, tree: TreeId, furnished: Mapping[str, Furnished]
    ) -> Operation:
        verification, case = command.verification, self.case
        limits = limits_of(case.policy.sandbox.gate, command.limits, verification.timeout_s)
        return Operation(
            mission=case.mission,
            step=step_id(
                case.mission,
                stage="build",
                attempt=case.n,
                level=case.level,
                name=f"gate:{command.gate}",
                inputs=(tree, *verification.run, command.place),
            ),
            role=command.role,
            argv=verification.run,
            cwd=verification.cwd,
            tree=tree,
            environment=furnished[command.environment] if command.environment else None,
            changes="dropped",
            report=verification.report,
            limits=limits,
        )

    def _keep(self, folder: str, operation: Operation, result: EngineResult) -> None:
        said: dict[str, object] = {"argv": list(operation.argv), "tree": operation.tree}
        match result:
            case Denied():
                said["denied"] = result.model_dump(mode="json")
            case Ran():
                said["ending"] = result.ending.model_dump(mode="json")
                said["usage"] = result.usage.model_dump(mode="json")
                said["provenance"] = result.provenance.model_dump(mode="json")
                said["output"] = {"size": result.output.size, "sha256": result.output.sha256}
                self.evidence[f"{folder}/output.txt"] = result.output.text.encode()
                if result.report is not None:
                    said["report"] = {
                        "size": len(result.report), "sha256": sha256(result.report)
                    }  # fmt: skip
                    self.evidence[f"{folder}/report.xml"] = result.report
        self.evidence[f"{folder}/run.json"] = canonical(said)


def limits_of(process: ProcessLimits, gate: GateLimits, timeout_s: int | None) -> Limits:
    """Return the limits of one command: those of all gates, its own, and its own time."""
    limits = Limits.model_validate(process.model_dump(), strict=False)
    own = gate.model_dump(exclude_none=True)
    wall = process.wall_s if timeout_s is None else min(timeout_s, process.wall_s)
    return limits.model_copy(update={**own, "wall_s": float(wall)})


def _may_be_kept(run: Run) -> bool:
    """Whether a run on a base may stand for later ones: not if the report it owes is missing."""
    match run.reading:
        case Report() | None:
            return True
        case Unreadable():
            return False
