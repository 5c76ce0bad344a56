r"""From what a failed command printed to a sign of what went wrong. Total, pure, bounded.

stdout and stderr are one text, interleaved as they came, of which the sandbox keeps head and tail;
of each line the first `line_chars` are looked at. The order of the table decides, not that of the
lines, and within a tool what accuses the change stands before what would excuse it: a suite in
which a test failed and another could not reach the network has failed.
"""

import json
import re
from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

from policy.bus.result import Output
from policy.signs.pattern import compiled, literal
from policy.signs.signature import Classify, Sign, Signature, Stage, Where
from policy.strictyaml import Document, load

_COLOUR = re.compile(r"\x1b(?:\[[0-9;?]{0,40}[ -/]?[@-~]|\([A-Z0-9])")


def recognise(output: Output, exit_code: int | None, stage: Stage, by: Classify) -> Sign | None:
    """Return the sign of the first row that matches, the policy's before the shipped ones.

    *exit_code* is None where the process did not come to an exit of its own: rows that ask for one
    are left out then.
    """
    lines = _lines(output, by.line_chars)
    everything = "\n".join(lines)
    for row in (*by.rules, *shipped()):
        if stage not in row.stages or (row.exits and exit_code not in row.exits):
            continue
        if row.line is None:
            return Sign(failure=row.failure, tool=row.tool, line="")
        if literal(row.line) in everything:
            sign = _first(row, row.line, _within(lines, row.where, stage, by.end_lines))
            if sign is not None:
                return sign
    return None


@cache
def shipped() -> tuple[Signature, ...]:
    """Return the table that ships, in order."""
    match load(files("policy.signs").joinpath("shipped.yaml").read_bytes()):
        case Document(value=rows):
            return TypeAdapter(tuple[Signature, ...]).validate_json(json.dumps(rows))
        case broken:
            raise RuntimeError(f"the shipped table of signatures is broken: {broken}")


def _within(lines: list[str], where: Where, stage: Stage, end: int) -> list[str]:
    match where:
        case "anywhere":
            return lines if stage == "gate" else lines[-end:]
        case "end":
            return lines[-end:]
        case "last":
            return lines[-1:]


def _first(row: Signature, pattern: str, lines: list[str]) -> Sign | None:
    words, shape = literal(pattern), compiled(pattern)
    for line in lines:
        match = shape.fullmatch(line) if words in line else None
        if match is not None:
            name = match.groupdict().get("name") or ""
            return Sign(failure=row.failure, tool=row.tool, line=line, name=name)
    return None


def _lines(output: Output, most: int) -> list[str]:
    """Return the lines that say something, cut, without colours and control characters."""
    cut = (line[: most * 2] for text in (output.head, output.tail) for line in text.splitlines())
    plain = (_plain(_COLOUR.sub("", line)).strip()[:most].rstrip() for line in cut)
    return [line for line in plain if line]


def _plain(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(letter if letter.isprintable() else " " for letter in line)
