"""Errors that other parts raise and a person can act on, as refusals with their exit codes."""

from daemon.cli.exits import Exit, RefusedError
from daemon.lock import LockedError
from gitops.git import ConfigurationRefusedError, GitError, GitMissingError
from gitops.ledger import BrokenDossierError, LedgerRootMissingError
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.person import PersonGitError
from gitops.refs import BrokenRefError, RefLockedError
from gitops.repository import RepositoryRefusedError
from gitops.signing import KeyRefusedError

_GIT = (
    BrokenDossierError,
    BrokenRefError,
    ConfigurationRefusedError,
    DamagedObjectError,
    GitError,
    MissingObjectError,
    PersonGitError,
    RefLockedError,
    RepositoryRefusedError,
)


def refusal_of(error: Exception) -> RefusedError | None:
    """Return *error* as a refusal, None if it is a bug."""
    if isinstance(error, LockedError):
        return _refusal(Exit.LOCKED, error)
    if isinstance(error, (KeyRefusedError, LedgerRootMissingError)):
        return _refusal(Exit.INVALID, error)
    if isinstance(error, GitMissingError):
        return _refusal(Exit.ENVIRONMENT, error)
    if isinstance(error, _GIT):
        return _refusal(Exit.GIT, error)
    return None


def _refusal(code: Exit, error: Exception) -> RefusedError:
    return RefusedError(
        code,
        attempted="",
        on="",
        why=str(error),
        then="`pawl doctor` looks at the whole set-up.",
    )
