"""Gate `protected`: no mission changes what rules over missions (DESIGN 4.1).

It needs no permission from the scope gate and none can be given there: deny wins. Names are
compared as the most forgiving file system would, so `.PAWL/policy.yaml` is protected too.
"""

from collections.abc import Iterable, Iterator, Mapping

from policy.change import Entry
from policy.gates.finding import Finding, barred, passed
from policy.gates.links import Inside, Outside, follow
from policy.gates.names import is_dot_git, unmasked
from policy.paths import matches_any
from policy.rules.failures import FailureClass
from policy.rules.model import Policy

ALWAYS = (
    ".pawl/**",
    "waivers/**",
    "backlog/**",
    "BACKLOG.md",
    ".ci/**",
    ".github/**",
    "**/AGENTS.md",
    "**/CLAUDE.md",
    "**/.claude/**",
    "**/opencode.json",
    "**/.codex/**",
    "**/.aider*",
    "**/.gitattributes",
    "**/.gitmodules",
)
"""Agents and git read some of these from any folder, so they are protected in any."""


def protected_globs(policy: Policy) -> tuple[str, ...]:
    """Return every glob no mission may change under *policy*, sorted."""
    backlog = f"{policy.backlog.strip('/')}/**"
    sheet = () if policy.backlog_markdown is None else (policy.backlog_markdown,)
    return tuple(sorted({*ALWAYS, backlog, *sheet, *policy.protected, *_key_files(policy)}))


def _key_files(policy: Policy) -> Iterator[str]:
    """Yield what decides an environment that a mission may not change: its gates run in it."""
    for environment in policy.environments.values():
        match environment.key_changes:
            case "refused":
                yield from environment.key_files
            case "rebuilt":
                pass


def judge_protected(
    entries: Iterable[Entry], links: Mapping[str, str], globs: tuple[str, ...]
) -> Finding:
    """Bar changed paths that are protected, and links to what is.

    *links* are the targets of the symbolic links among *entries*, by path.
    """
    plain = tuple(unmasked(glob) for glob in globs)
    paths = {entry.path for entry in entries}
    faults = {path: "protected" for path in paths if _is_protected(path, plain)}
    for path, target in links.items():
        why = _through(path, target, plain)
        if why is not None:
            faults.setdefault(path, why)
    if faults:
        return barred(FailureClass.PROTECTED_PATH, faults, looked_at=len(paths))
    return passed(len(paths))


def is_protected(path: str, globs: Iterable[str]) -> bool:
    """Return whether one of *globs* protects *path* itself, wherever it may lead to."""
    return _is_protected(path, tuple(unmasked(glob) for glob in globs))


def _is_protected(path: str, plain: tuple[str, ...]) -> bool:
    """Whether one of *plain* names *path*, a folder it is in, or the folder it stands in for."""
    segments = unmasked(path).split("/")
    for end in range(1, len(segments) + 1):
        name = "/".join(segments[:end])
        if matches_any(plain, name):
            return True
    return matches_any((glob.removesuffix("/**") for glob in plain), name)


def _through(path: str, target: str, plain: tuple[str, ...]) -> str | None:
    match follow(path, target):
        case Outside():
            return None  # the gate `tree` bars it
        case Inside(path=end):
            if any(is_dot_git(segment) for segment in end.split("/")):
                return "a link into .git"
            return "a link to a protected path" if _is_protected(end, plain) else None
