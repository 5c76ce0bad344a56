"""The hub a daemon's clone belongs to: `remote` in the host file.

Only the operator names it and its credentials; what the repository's own configuration says of
remotes is never used. Files are named, never their content: a secret is in no process's arguments.
"""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from policy.value import Value

AbsoluteFile = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]*$", max_length=4095)]
Seconds = Annotated[int, Field(ge=1)]
Scheme = Literal["ssh", "http", "https", "file"]
_SCP = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!//)[^\s:]*/.*")
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Remote(Value):
    url: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/_][!-~]*/[!-~]*$", max_length=2000)]
    """`ssh://user@host/path`, `user@host:path/name`, `https://...`, or the path of a bare hub."""
    ssh_key: AbsoluteFile | None = None
    """The only key that is offered; without a passphrase."""
    known_hosts: AbsoluteFile | None = None
    """Host keys of the hub (`ssh-keyscan`, compared by a person); an unknown one is refused."""
    credentials: AbsoluteFile | None = None
    """For http: a file of two lines, `username=...` and `password=...`, as git asks for them."""
    certificates: AbsoluteFile | None = None
    """For https: whom to believe, if not the system's authorities."""
    fetch_s: Seconds = 30
    """The hub is asked so often what is new there; what is ours goes there at once."""
    timeout_s: Seconds = 600
    """One fetch or push may take so long."""
    silence_s: Seconds = 30
    """A connection on which nothing comes for so long is dead."""
    retry_s: Seconds = 5
    """After the first failure; doubled each time, with jitter."""
    retry_max_s: Seconds = 300
    lease_s: Seconds = 300
    """Another host may take over a mission when ours was not heard of for so long."""

    @property
    def scheme(self) -> Scheme:
        return _scheme(self.url) or "file"

    @model_validator(mode="after")
    def _is_whole(self) -> "Remote":
        scheme = _scheme(self.url)
        if scheme is None:
            raise ValueError(f"url: {self.url} is none of ssh, http, https, file or a path")
        parts = urlsplit(self.url)
        if scheme != "ssh" and "@" in parts.netloc:
            raise ValueError("url: it holds a user or password; name a file with `credentials`")
        if scheme == "ssh" and (self.ssh_key is None or self.known_hosts is None):
            raise ValueError("ssh needs `ssh_key` and `known_hosts`")
        if scheme == "http" and self.credentials and parts.hostname not in LOOPBACK:
            raise ValueError("credentials: not over plain http; use https")
        if self.lease_s < 2 * self.fetch_s:
            raise ValueError("lease_s: must be at least twice `fetch_s`")
        return self


def _scheme(url: str) -> Scheme | None:
    """Return how *url* is reached, None for what no transport of ours is meant by."""
    if url.startswith("/"):
        return "file"
    named = url.partition("://")[0]
    match named:
        case "ssh" | "http" | "https" | "file":
            return named
        case _:
            return "ssh" if _SCP.fullmatch(url) else None
