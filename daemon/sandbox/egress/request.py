"""What a sandbox asks of the proxy: one request header, read strictly, or refused.

Written here and not taken from a library because less is understood than a library would: one
request a connection, no body, no folded lines, no repeated `Host`. What two readers could take for
two things is no request, so nothing can be smuggled in one.
"""

import re
from dataclasses import dataclass

from policy.egress import Destination, destination

END = b"\r\n\r\n"
_LINE = re.compile(rb"[\t\x20-\x7e]*")
_REQUEST = re.compile(r"(?P<method>[A-Z]{1,16}) (?P<target>\S{1,8192}) HTTP/1\.[01]")
_HEADER = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?P<value>.*?)[ \t]*")
_ABSOLUTE = re.compile(r"http://(?P<place>[^/?#]+)(?P<path>/[^#]*)?", re.IGNORECASE)
_HTTP = 80
_WITHOUT_BODY = frozenset({"GET", "HEAD"})
_OF_ONE_HOP = frozenset(
    ["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer",
     "upgrade", "host", "content-length", "expect"]
)  # fmt: skip


@dataclass(frozen=True)
class Tunnel:
    """Bytes to and from *to*, which the proxy does not understand: `CONNECT`."""

    to: Destination


@dataclass(frozen=True)
class Fetch:
    """One plain request: *head* is what *to* is sent, made anew from what was understood."""

    to: Destination
    head: bytes


@dataclass(frozen=True)
class Unreadable:
    """No request: *named* is what it seemed to be about."""

    why: str
    named: str = "?"


Request = Tunnel | Fetch | Unreadable


def read_request(head: bytes) -> Request:
    """Return what *head*, up to and with the empty line, asks for."""
    lines = head.removesuffix(END).split(b"\r\n")
    if not head.endswith(END) or not all(_LINE.fullmatch(line) for line in lines):
        return Unreadable("the header has bytes that no header has")
    first, *rest = (line.decode("ascii") for line in lines)
    asked = _REQUEST.fullmatch(first)
    if asked is None:
        return Unreadable("the first line is no request of HTTP/1.1")
    headers = _headers(rest)
    if isinstance(headers, str):
        return Unreadable(headers, asked["target"])
    if asked["method"] == "CONNECT":
        return _tunnel(asked["target"], headers)
    return _fetch(asked["method"], asked["target"], headers)


def _headers(lines: list[str]) -> list[tuple[str, str]] | str:
    found = [_HEADER.fullmatch(line) for line in lines]
    headers = [(each["name"], each["value"]) for each in found if each is not None]
    if len(headers) != len(lines):
        return "a header line is none"
    names = [name.lower() for name, _ in headers]
    if names.count("host") > 1:
        return "it names two hosts"
    if "transfer-encoding" in names:
        return "a request with a body goes through CONNECT only"
    if any(name.lower() == "content-length" and value != "0" for name, value in headers):
        return "a request with a body goes through CONNECT only"
    return headers


def _tunnel(target: str, headers: list[tuple[str, str]]) -> Request:
    try:
        to = destination(target.lower(), port=None)
    except ValueError as error:
        return Unreadable(str(error), target)
    return _other_host(to, headers) or Tunnel(to)


def _fetch(method: str, target: str, headers: list[tuple[str, str]]) -> Request:
    if method not in _WITHOUT_BODY:
        return Unreadable(f"{method} goes through CONNECT only", target)
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        return Unreadable("only CONNECT and http://host/path are served here", target)
    try:
        to = destination(found["place"].lower(), port=_HTTP)
    except ValueError as error:
        return Unreadable(str(error), target)
    host = str(to).removesuffix(f":{_HTTP}")
    kept = [f"{name}: {value}" for name, value in headers if name.lower() not in _OF_ONE_HOP]
    lines = [f"{method} {found['path'] or '/'} HTTP/1.1", f"Host: {host}", "Connection: close"]
    return _other_host(to, headers) or Fetch(to, "\r\n".join([*lines, *kept, "", ""]).encode())


def absolute(head: bytes, to: Destination) -> bytes:
    """Return the *head* of a `Fetch` as another proxy wants it: with the host in its target."""
    method, _, rest = head.partition(b" ")
    return method + b" http://" + str(to).removesuffix(f":{_HTTP}").encode() + rest


def _other_host(to: Destination, headers: list[tuple[str, str]]) -> Unreadable | None:
    """Refuse a `Host` that is not the one that is connected to."""
    for name, value in headers:
        if name.lower() == "host" and not _names(value, to):
            return Unreadable(f"its Host header names {value}", str(to))
    return None


def _names(value: str, to: Destination) -> bool:
    try:
        return destination(value.lower(), port=to.port) == to
    except ValueError:
        return False
