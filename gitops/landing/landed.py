"""The landed commit: the candidate's tree and parent, its evidence as trailers, the daemon's name.

A title and a contract are a person's words, or an agent's, and stand in the same message as our
trailers. What makes a trailer true is not where it stands but the daemon's signature over a
commit that holds each of them once, in the last paragraph, and nothing else there.
"""

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from gitops.objects import Batch
from gitops.signing import DaemonKey, Foreign, Good, Malformed, Unsigned, signed_commit, verify
from policy.ids import BlobId, CommitId, MissionId, PolicyDigest, StepId, TreeId
from policy.mission.facts import Candidate

_WIDTH = 72  # as git's own documentation wraps a message
_LINES = 12  # of a contract; the item in the commit's tree has the rest


@dataclass(frozen=True)
class LandedCommit:
    """A commit ready to become the target's tip, and what it must be when it is read again."""

    commit: CommitId
    base: CommitId
    tree: TreeId


@dataclass(frozen=True)
class Trailers:
    """What a landed commit says of itself (DESIGN 4.5)."""

    mission: MissionId
    step: StepId
    tree: TreeId
    gates: CommitId
    """The ledger commit that holds the verdicts and the ruling's inputs."""
    policy: PolicyDigest
    waivers: tuple[BlobId, ...]
    """The blob of each permission used."""
    builder: str
    repairs: CommitId | None = None
    """The landing of the same mission that was judged red, and that this one mends."""


@dataclass(frozen=True)
class NotLanded:
    """The commit is no landing of this daemon's; *why* in one sentence."""

    why: str


def build(
    batch: Batch,
    key: DaemonKey,
    *,
    candidate: Candidate,
    title: str,
    contract: str,
    trailers: Trailers,
    at: int,
) -> LandedCommit:
    """Add the landed commit of *candidate* to *batch*; *at* is in seconds since 1970.

    Raises `ValueError` where *trailers* do not speak of this candidate or could not be read back.
    """
    if trailers.tree != candidate.tree:
        raise ValueError(f"the candidate's tree is {candidate.tree}, not {trailers.tree}")
    message = _message(title, contract, trailers)
    raw = signed_commit(key, candidate.tree, (candidate.base,), message, at)
    if _trailers(raw) != trailers:
        raise ValueError(f"these trailers cannot be read back: {trailers}")
    return LandedCommit(batch.commit(raw), candidate.base, candidate.tree)


def parse(raw: bytes, trusted: str) -> Trailers | NotLanded:
    """Return the trailers of a commit signed by the key *trusted*, an OpenSSH public key line.

    Total: whatever the bytes are, the answer is a value. A commit of anybody else has no trailers,
    whatever its message looks like.
    """
    match verify(raw, trusted):
        case Good():
            return _trailers(raw) or NotLanded("its message does not end in a landing's trailers")
        case Unsigned():
            return NotLanded("it is not signed")
        case Foreign(fingerprint=other):
            return NotLanded(f"it is signed by {other}, not by the daemon")
        case Malformed(why=why):
            return NotLanded(why)


def _message(title: str, contract: str, trailers: Trailers) -> str:
    subject = " ".join(_printable(title).split()) or f"mission {trailers.mission}"
    body = "\n".join(_lines(contract))
    return "\n\n".join(part for part in (subject, body, _trailer_lines(trailers)) if part)


def _trailer_lines(trailers: Trailers) -> str:
    rows = [
        ("Pawl-Mission", trailers.mission),
        ("Pawl-Step", trailers.step),
        ("Pawl-Tree", trailers.tree),
        ("Pawl-Gates", trailers.gates),
        ("Pawl-Policy", trailers.policy),
        *(("Pawl-Waiver", waiver) for waiver in trailers.waivers),
        *([("Pawl-Repairs", trailers.repairs)] if trailers.repairs else []),
        ("Assisted-by", trailers.builder),
    ]
    return "\n".join(f"{name}: {value}" for name, value in rows)


def _printable(text: str) -> str:
    """Return *text* with what cannot be seen, or turns what can be seen around, as a space."""
    return "".join(
        " " if char != "\n" and unicodedata.category(char) in _UNSEEN else char for char in text
    )


_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _lines(contract: str) -> Sequence[str]:
    """Return the contract's beginning, each line one that no tool takes for a trailer or a patch.

    Indented, a line is a quotation to every reader of trailers.
    """
    lines: list[str] = []
    for line in _printable("\n".join(contract.splitlines())).strip("\n").split("\n"):
        wrapped = textwrap.wrap(line, _WIDTH, break_on_hyphens=False) or [""]
        if len(lines) + len(wrapped) > _LINES:
            lines.append("...")
            break
        lines += [f"    {part}" if _SPEAKS_TO_TOOLS.match(part) else part for part in wrapped]
    return lines


_SPEAKS_TO_TOOLS = re.compile(
    r"\s*(?:[A-Za-z0-9][A-Za-z0-9 -]*[:#]|\(cherry picked|-{3}|diff |Index|@@|#|>8)", re.IGNORECASE
)


def _trailers(raw: bytes) -> Trailers | None:
    head, _, message = raw.partition(b"\n\n")
    try:
        last = message.decode().rstrip("\n").rpartition("\n\n")[2]
    except UnicodeDecodeError:
        return None
    found = _BLOCK.fullmatch(last)
    if found is None or not head.startswith(f"tree {found['tree']}\n".encode()):
        return None
    return Trailers(
        mission=MissionId(found["mission"]),
        step=StepId(found["step"]),
        tree=TreeId(found["tree"]),
        gates=CommitId(found["gates"]),
        policy=PolicyDigest(found["policy"]),
        waivers=tuple(BlobId(line[13:]) for line in found["waivers"].splitlines()),
        builder=found["builder"],
        repairs=CommitId(found["repairs"]) if found["repairs"] else None,
    )


_BLOCK = re.compile(
    r"Pawl-Mission: (?P<mission>[A-Za-z0-9._-]+(?:@[1-9][0-9]*)?)\n"
    r"Pawl-Step: (?P<step>[0-9a-f]{64})\n"
    r"Pawl-Tree: (?P<tree>[0-9a-f]{40})\n"
    r"Pawl-Gates: (?P<gates>[0-9a-f]{40})\n"
    r"Pawl-Policy: (?P<policy>[0-9a-f]{64})\n"
    r"(?P<waivers>(?:Pawl-Waiver: [0-9a-f]{40}\n)*)"
    r"(?:Pawl-Repairs: (?P<repairs>[0-9a-f]{40})\n)?"
    r"Assisted-by: (?P<builder>[!-~](?:[ -~]{0,126}[!-~])?)"
)
