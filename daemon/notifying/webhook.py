"""A notice as an HTTP POST, signed as Standard Webhooks 1.0 are, so that receivers need no code.

    webhook-id         the notice's, the same each time it is sent: drop one that was seen
    webhook-timestamp  when it was sent, in seconds since 1970: refuse an old one
    webhook-signature  v1,base64(HMAC-SHA256(key, "<id>.<timestamp>.<body>"))

A redirect is an error: a signed body goes where the operator said, and nowhere else.
"""

import base64
import binascii
import hmac
import time
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from daemon.notifying.secret import SecretError
from policy.canonical import canonical
from policy.notifying.notice import Notice

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
"""Standard Webhooks: between 24 and 64 bytes."""
_READ_BYTES = 1024
"""Of an answer no more is looked at; what it says does not count, its status does."""


def post(url: str, secret: str, notice: Notice, timeout_s: float) -> str | None:
    """Send *notice* to *url*; return why it was not taken, None where it was."""
    body = body_of(notice)
    at = int(time.time())
    request = Request(  # noqa: S310  # the host file takes http and https only
        url,
        data=body,
        method="POST",
        headers={
            "Content-Type": "application/json",
            "User-Agent": "pawl",
            "webhook-id": notice.id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(key_of(secret), notice.id, at, body),
        },
    )
    try:
        with _opener().open(request, timeout=timeout_s) as answer:
            answer.read(_READ_BYTES)
            return None
    except HTTPError as error:
        error.close()
        return f"the receiver answered {error.code} {_phrase(error.code)}".rstrip()
    except (URLError, HTTPException, OSError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return f"the receiver cannot be reached: {type(reason).__name__}: {reason}"


def _opener() -> OpenerDirector:
    """Return what opens addresses as `urlopen` does, but follows no redirect."""
    opener = OpenerDirector()
    for each in (
        ProxyHandler, HTTPHandler, HTTPSHandler, HTTPErrorProcessor, HTTPDefaultErrorHandler,
    ):  # fmt: skip
        opener.add_handler(each())
    return opener


def body_of(notice: Notice) -> bytes:
    """Return what is sent: canonical JSON, `{"schema": 1, "type": "pawl.<event>", ...}`."""
    row = {"schema": 1, "type": f"pawl.{notice.event}", **notice.model_dump(mode="json")}
    return canonical({**row, "text": notice.text})


def key_of(secret: str) -> bytes:
    """Return the key in `whsec_<base64>`; raise `SecretError` where it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _KEY_BYTES:
        raise SecretError(
            "the webhook's secret must be `whsec_` and 24 to 64 bytes in base64: "
            "printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\""
        )
    return key


def signature(key: bytes, name: str, at: int, body: bytes) -> str:
    signed = b".".join((name.encode(), str(at).encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""
