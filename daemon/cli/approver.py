"""The one line of `.pawl/approvers` that `pawl init --one-person` writes (allowed_signers)."""

from pathlib import Path

from gitops.person import Person
from gitops.signing import DaemonKey

APPROVER_KEY = "approver_ed25519"


def approver_line(person: Person, config: Path) -> str:
    """Return the line for the key the person signs commits with, or for a new one.

    A new key is kept in *config*; it is the person's, not the daemon's.
    """
    mail = person.identity().rpartition("<")[2].rstrip(">")
    public = public_of(person.setting("user.signingKey") or "")
    if public is None:
        path = config / APPROVER_KEY
        public = (DaemonKey.load(path) if path.exists() else DaemonKey.generate(path)).public
    return f'{mail} namespaces="git" {public}\n'


def public_of(setting: str) -> str | None:
    """Return `ssh-... AAAA` for a signing key that is an SSH key, None for any other."""
    words = setting.removeprefix("key::").split()
    if setting and not setting.startswith(("key::", *_KINDS)):
        words = _in_file(Path(setting).expanduser())
    return " ".join(words[:2]) if len(words) > 1 and words[0].startswith(_KINDS) else None


def _in_file(path: Path) -> list[str]:
    for candidate in (path, path.with_name(f"{path.name}.pub")):
        try:
            words = candidate.read_text().split()
        except (OSError, UnicodeDecodeError):
            continue
        if words and words[0].startswith(_KINDS):
            return words
    return []


_KINDS = ("ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")
