"""`.pawl/approvers`: OpenSSH's allowed_signers, of which less is allowed here.

One principal a line, without patterns; `namespaces="git"` on each, so that no reader takes a
signature made for something else; no certificate authorities; times in UTC. A file with one bad
line is no file: which of two readings was meant is not guessed.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from policy.people.keys import Key, key_of
from policy.problems import Problem, Unreadable, first
from policy.value import Value


class Approver(Value):
    """A key, whose it is, and from when until when; both times `YYYYMMDDHHMMSS`, UTC."""

    principal: str
    key: Key
    valid_after: str | None = None
    valid_before: str | None = None

    def line(self) -> str:
        """Return the line `ssh-keygen -Y verify` is given; it is run with TZ=UTC."""
        times = [("valid-after", self.valid_after), ("valid-before", self.valid_before)]
        options = ['namespaces="git"', *(f'{name}="{at}"' for name, at in times if at)]
        return f"{self.principal} {','.join(options)} {self.key}\n"

    def window(self, at: datetime) -> str | None:
        """Return why the key does not count at *at* (UTC), None where it does."""
        if self.is_early(at):
            return f"the key of {self.principal} is valid from {self.valid_after}Z on"
        if self.valid_before is not None and f"{at:%Y%m%d%H%M%S}" > self.valid_before:
            return f"the key of {self.principal} was valid until {self.valid_before}Z"
        return None

    def is_early(self, at: datetime) -> bool:
        """Return whether *at* is before the key counts."""
        return self.valid_after is not None and f"{at:%Y%m%d%H%M%S}" < self.valid_after


def read_approvers(content: bytes) -> tuple[Approver, ...] | Unreadable:
    """Return the approvers in the file's order, or every problem of it."""
    found: list[Approver] = []
    problems: list[Problem] = []
    for number, line in lines_of(content):
        match line:
            case Problem():
                problems.append(line)
            case str():
                said = _approver(line)
                if isinstance(said, str):
                    problems.append(Problem(number, 0, said))
                elif any(said.key == other.key for other in found):
                    problems.append(Problem(number, 0, "this key is there twice; whose is it?"))
                else:
                    found.append(said)
    return Unreadable(first(problems)) if problems else tuple(found)


def lines_of(content: bytes) -> Iterator[tuple[int, str | Problem]]:
    """Yield number and text of the lines that say something: not empty, no comment."""
    for number, raw in enumerate(content.split(b"\n"), start=1):
        line = raw.removesuffix(b"\r").strip(b" \t")
        if not line or line.startswith(b"#"):
            continue
        if _PLAIN.fullmatch(line):
            yield number, line.decode()
        else:
            yield number, Problem(number, 0, "only plain ASCII may stand here, even in a comment")


_PLAIN = re.compile(rb"[\t\x20-\x7e]*")
_LINE = re.compile(
    r"(?P<principal>[A-Za-z0-9][A-Za-z0-9._+@-]{0,99})[ \t]+"
    r"(?P<options>[a-z][^ \t]*)[ \t]+"
    r"(?P<kind>[a-z][a-z0-9@.-]*)[ \t]+(?P<blob>[A-Za-z0-9+/]+=*)(?:[ \t].*)?"
)
_OPTION = re.compile(r'(?P<name>[a-z-]+)(?:="(?P<value>[^",]*)")?')
_TIME = re.compile(r"[0-9]{8}(?:[0-9]{4}(?:[0-9]{2})?)?Z")


def _approver(line: str) -> Approver | str:
    found = _LINE.fullmatch(line)
    if found is None:
        return 'is not `principal namespaces="git" key-type key`: one principal, no patterns'
    options = _options(found["options"])
    if isinstance(options, str):
        return options
    key = key_of(found["kind"], found["blob"])
    if isinstance(key, str):
        return key
    return Approver(
        principal=found["principal"],
        key=key,
        valid_after=options.get("valid-after"),
        valid_before=options.get("valid-before"),
    )


def _options(text: str) -> dict[str, str] | str:
    """Return the options by name, or why they are not those that may stand here."""
    options: dict[str, str] = {}
    for part in text.split(","):
        found = _OPTION.fullmatch(part)
        if found is None or found["name"] in options:
            return f"{part!a} is not an option, or is there twice"
        options[found["name"]] = found["value"] or ""
    fault = next(
        (_fault(name, value) for name, value in options.items() if _fault(name, value)), ""
    )
    if fault:
        return fault
    if options.get("namespaces") != "git":
        return 'namespaces="git" is missing: the key could have signed something else'
    return {name: value[:-1].ljust(14, "0") for name, value in options.items() if value != "git"}


def _fault(name: str, value: str) -> str:
    match name:
        case "namespaces":
            return "" if value == "git" else f'namespaces="{value}": must be "git" alone'
        case "valid-after" | "valid-before":
            return (
                "" if _is_time(value) else f'{name}="{value}": write it as "20261201120000Z", UTC'
            )
        case "cert-authority":
            return "cert-authority: certificates are not accepted; name each key"
        case _:
            return f"{name} is not an option that may stand here"


def _is_time(value: str) -> bool:
    if not _TIME.fullmatch(value):
        return False
    try:
        datetime.strptime(value[:-1].ljust(14, "0") + "+0000", "%Y%m%d%H%M%S%z")
    except ValueError:
        return False
    return True
