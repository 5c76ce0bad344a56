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
    public = _public_of(person.setting("user.signingKey") or "")
    if public is None:
        path = config / APPROVER_KEY
        public = (DaemonKey.load(path) if path.exists() else DaemonKey.generate(path)).public
    return f'{mail} namespaces="git" {public}\n'


def _public_of(setting: str) -> str | None:
    """Return `ssh-... AAAA` for a signing key that is an SSH key, None for any other."""
    text = setting.removeprefix("key::")
    if not text.startswith(("ssh-", "ecdsa-", "sk-")):
        path = Path(setting).expanduser()
        public = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
        try:
            text = public.read_text() if setting else ""
        except (OSError, UnicodeDecodeError):
            return None
    words = text.split()
    return " ".join(words[:2]) if len(words) > 1 and words[0].startswith(_KINDS) else None


_KINDS = ("ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")
