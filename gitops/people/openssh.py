"""The one place that runs OpenSSH's programs: `ssh-keygen` to verify, `ssh-add` to look.

By absolute path and in an environment made from nothing: what git would run for the same question
is named by the repository's configuration (`gpg.ssh.program`), and can simply answer "good" (A45).
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gitops.scratch import scratch_folder
from gitops.signing import SshSigned
from policy.people.approvers import Approver

_PATH = "/usr/local/bin:/usr/bin:/bin"
_ENVIRONMENT = {"PATH": _PATH, "HOME": "/nonexistent", "LC_ALL": "C", "TZ": "UTC"}
_NAMESPACE = "git"


class OpensshError(Exception):
    """Nobody can say now whether a signature holds. It is the host's trouble, and no verdict."""


class OpensshMissingError(OpensshError):
    """There is no OpenSSH on this host."""

    def __init__(self, program: str) -> None:
        super().__init__(f"{program} was not found in {_PATH}; apt install openssh-client")


class OpensshSilentError(OpensshError):
    """It was killed, or did not answer in time."""

    def __init__(self, program: str, why: str) -> None:
        super().__init__(f"{program} did not answer: {why}; it is asked again")


@dataclass(frozen=True)
class Holds:
    """The signature is over these bytes, by this key, which counted at that time."""


@dataclass(frozen=True)
class Fails:
    """It is not; *said* is what ssh-keygen printed."""

    said: str


def verify(
    signed: SshSigned, approver: Approver, revoked: bytes, at: datetime, *, timeout_s: float
) -> Holds | Fails:
    """Ask `ssh-keygen -Y verify` whether *approver* signed, as of *at* (UTC).

    *revoked* is the content of the revocation list; an empty one revokes nobody. Raises
    `OpensshError`.
    """
    with scratch_folder() as folder:
        files = {
            "allowed": approver.line().encode(),
            "revoked": revoked,
            "signature": signed.armour.encode(),
        }
        for name, content in files.items():
            (folder / name).write_bytes(content)
        argv = (
            "-Y", "verify", "-n", _NAMESPACE, "-I", approver.principal,
            "-f", str(folder / "allowed"), "-r", str(folder / "revoked"),
            "-s", str(folder / "signature"), f"-Overify-time={at:%Y%m%d%H%M%S}",
        )  # fmt: skip
        done = _run("ssh-keygen", argv, stdin=signed.payload, timeout_s=timeout_s)
    said = (done.stdout + done.stderr).decode(errors="replace").strip().replace("\n", "; ")
    good = f'Good "{_NAMESPACE}" signature for {approver.principal} with '
    return Holds() if done.returncode == 0 and said.startswith(good) else Fails(said)


def is_listed(krl: bytes, public: str, *, timeout_s: float) -> bool:
    """Return whether a binary revocation list holds the key; a list in disorder holds them all.

    Raises `OpensshError`.
    """
    with scratch_folder() as folder:
        (folder / "krl").write_bytes(krl)
        (folder / "key.pub").write_text(f"{public}\n")
        argv = ("-Q", "-f", str(folder / "krl"), str(folder / "key.pub"))
        return _run("ssh-keygen", argv, timeout_s=timeout_s).returncode != 0


def keys_of_agent(socket: str, *, timeout_s: float) -> tuple[str, ...] | Fails:
    """Return the public keys an agent offers, `kind blob` each; none is no answer as well."""
    try:
        done = _run("ssh-add", ("-L",), more={"SSH_AUTH_SOCK": socket}, timeout_s=timeout_s)
    except OpensshSilentError as error:
        return Fails(str(error))
    if done.returncode == _NO_KEYS:
        return ()
    if done.returncode != 0:
        return Fails(done.stderr.decode(errors="replace").strip())
    rows = (line.split() for line in done.stdout.decode(errors="replace").splitlines())
    return tuple(" ".join(row[:2]) for row in rows if len(row) > 1)


_NO_KEYS = 1  # ssh-add(1): 1 if the command fails (no identities), 2 if there is no agent


def _run(
    program: str,
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    more: Mapping[str, str] | None = None,
    timeout_s: float,
) -> "subprocess.CompletedProcess[bytes]":
    found = shutil.which(program, path=_PATH)
    if found is None:
        raise OpensshMissingError(program)
    try:
        done = subprocess.run(  # noqa: S603  # absolute program, argv from our own code
            (found, *argv),
            input=stdin,
            capture_output=True,
            check=False,
            cwd=os.sep,
            env={**_ENVIRONMENT, **(more or {})},
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        raise OpensshSilentError(program, f"no answer within {timeout_s} s") from error
    if done.returncode < 0:
        raise OpensshSilentError(program, f"it was killed by signal {-done.returncode}")
    return done
