"""Where a name of the policy's `notifications` leads: `notify` in the host file.

Secrets are named by file, never written out: a host file may be shown to people.
"""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from policy.remote import LOOPBACK
from policy.value import Value

SecretFile = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]*$", max_length=4095)]
AtLeastOne = Annotated[int, Field(ge=1)]


class Apprise(Value):
    """A service that the library apprise knows: chat, mail, telephone."""

    apprise: SecretFile
    """A file, readable by the daemon alone, with the service's address of apprise's in one line."""

    @property
    def kind(self) -> str:
        return "apprise"

    @property
    def secret_file(self) -> str:
        return self.apprise


class Webhook(Value):
    """An address that is sent JSON, signed as Standard Webhooks are (docs/notifications.md)."""

    webhook: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", max_length=2000)]
    """Plain http only to this host itself."""
    secret: SecretFile
    """A file, readable by the daemon alone, with the key in one line: `whsec_` and base64."""

    @property
    def kind(self) -> str:
        return "webhook"

    @property
    def secret_file(self) -> str:
        return self.secret

    @model_validator(mode="after")
    def _is_safe(self) -> "Webhook":
        parts = urlsplit(self.webhook)
        if "@" in parts.netloc:
            raise ValueError("webhook: it holds a user or password; the signature says who sends")
        if not parts.hostname:
            raise ValueError("webhook: it names no host")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("webhook: not over plain http to another host; use https")
        return self


Destination = Apprise | Webhook


class NotifyLimits(Value):
    """How sending goes on when it does not work; work never waits for it."""

    timeout_s: AtLeastOne = 10
    """For a connection, and for each answer on it. A stop waits so long for what is being sent, or
    `stop_s`, if that is less."""
    stuck_s: AtLeastOne = 60
    """What has not answered for so long is told as failing; `timeout_s` bounds no drip of bytes."""
    retries: Annotated[int, Field(ge=0, le=100)] = 8
    """Then a notice is given up, which the log and `pawl status` say."""
    retry_s: AtLeastOne = 30
    """After the first failure; doubled each time."""
    retry_max_s: AtLeastOne = 3600
    waiting: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Notices to one destination that may wait to be sent; the oldest are given up beyond that."""
