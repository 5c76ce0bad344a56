"""Errors that other parts raise and a person can act on, as refusals with their exit codes."""

from collections.abc import Mapping

from daemon.cli.exits import Exit, RefusedError
from daemon.ground import GroundError
from daemon.lock import LockedError
from daemon.people.keys import KeysAtHandError
from gitops.git import ConfigurationRefusedError, GitError, GitMissingError
from gitops.ledger import BrokenDossierError, LedgerRootMissingError
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.person import PersonGitError
from gitops.refs import BrokenRefError, RefLockedError, UnwritableRefError
from gitops.repository import RepositoryRefusedError
from gitops.signing import KeyRefusedError

_CODES: Mapping[type[Exception], Exit] = {
    LockedError: Exit.LOCKED,
    KeyRefusedError: Exit.INVALID,
    KeysAtHandError: Exit.INVALID,
    LedgerRootMissingError: Exit.INVALID,
    GroundError: Exit.ENVIRONMENT,
    GitMissingError: Exit.ENVIRONMENT,
    BrokenDossierError: Exit.GIT,
    BrokenRefError: Exit.GIT,
    ConfigurationRefusedError: Exit.GIT,
    DamagedObjectError: Exit.GIT,
    GitError: Exit.GIT,
    MissingObjectError: Exit.GIT,
    PersonGitError: Exit.GIT,
    RefLockedError: Exit.GIT,
    RepositoryRefusedError: Exit.GIT,
    UnwritableRefError: Exit.ENVIRONMENT,
}
KNOWN = tuple(_CODES)
"""All else that rises is a bug."""


def refusal_of(error: Exception) -> RefusedError:
    """Return *error*, one of `KNOWN`, as a refusal."""
    return RefusedError(
        next(code for kind, code in _CODES.items() if isinstance(error, kind)),
        attempted="",
        on="",
        why=str(error),
        then="`pawl doctor` looks at the whole set-up.",
    )
