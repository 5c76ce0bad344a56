"""From a listed host to a connection: found, judged by address, and connected to at that address.

Where the host has a proxy of its own, that is connected to instead, and finds hosts itself.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from policy.bus.result import Contact
from policy.egress import Destination, Rules

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From a host and a port to addresses, in the order to try them. Raises `OSError`."""
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class RefusedError(Exception):
    """The request is not served; *status* is what the client is told."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass
class Line:
    """One request, while it is being served."""

    host: str = "?"
    port: int = 0
    allowed: bool = False
    why: str = ""
    address: str = ""
    sent: int = 0
    received: int = 0
    heard: float = 0.0
    """When something last passed, either way."""

    def contact(self) -> Contact:
        return Contact(
            host=self.host, port=self.port, allowed=self.allowed, why=self.why,
            address=self.address, sent=self.sent, received=self.received,
        )  # fmt: skip


@dataclass(frozen=True)
class Dialler:
    """Connects to what *rules* list, within *connect_s* seconds; *via* is the host's own proxy."""

    rules: Rules
    connect_s: int
    resolve: Resolve
    via: Destination | None

    async def connect(self, line: Line, to: Destination) -> Connection:
        """Return a connection to a permitted address of *to*, which is on the list."""
        line.host, line.port = to.host, to.port
        refused = self.rules.refusal(to)
        if refused is not None:
            raise RefusedError("403 Forbidden", refused)
        try:
            async with asyncio.timeout(self.connect_s):
                if self.via is not None:
                    return await _open(line, self.via.host, self.via.port)
                return await self._first(line, to)
        except TimeoutError as error:
            raise RefusedError("504 Timeout", "it does not answer") from error

    async def _first(self, line: Line, to: Destination) -> Connection:
        try:
            addresses = [to.host] if is_address(to.host) else await self.resolve(to.host, to.port)
        except OSError as error:
            raise RefusedError("502 Bad Gateway", f"it cannot be found: {error}") from error
        why = "it has no address"
        for address in addresses:
            forbidden = self.rules.refusal_of_address(address, to.port)
            if forbidden is not None:
                why = forbidden
                continue
            try:
                return await _open(line, address, to.port)
            except OSError as error:
                why = f"{address}: {error}"
        raise RefusedError("403 Forbidden", why)


async def _open(line: Line, address: str, port: int) -> Connection:
    opened = await asyncio.open_connection(address, port)
    line.allowed, line.address = True, address
    return opened


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
