"""Egress: which hosts a sandbox may reach, and which addresses they may turn out to be.

A repository asks, the host file allows; what is reached is what both name. Names are compared as
they are written, and what a name resolves to is judged again: the list holds names, an attacker
may hold the name server.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Annotated

from pydantic import AfterValidator

from policy.value import Value

HTTPS = 443
"""The port of a destination that names none."""
_PORTS = range(1, 65536)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
"""Lower case, no dot at the end; the last label starts with a letter, so `0x7f.1` is no name."""
_LONGEST = 253
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:/@]+)(?::([0-9]{1,5}))?")
_A_CLOUDS_OWN = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"))
"""Where a cloud's own services answer, from addresses that look like anybody's."""
_NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Destination(Value):
    """A host as requests name it (a name, or an address) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def destination(text: str, *, port: int | None = HTTPS) -> Destination:
    """Return what *text* names: `host`, `host:port`, `[address]:port`. Raises `ValueError`.

    *port* is meant where *text* names none; None: it has to.
    """
    found = _HOST_AND_PORT.fullmatch(text)
    host = host_of(found[1]) if found else None
    if found is None or host is None:
        raise ValueError(f"{text!a} is no destination; write `host` or `host:port`, in lower case")
    if found[2] is None and port is None:
        raise ValueError(f"{text!a} names no port")
    number = port if found[2] is None else int(found[2])
    if number not in _PORTS:
        raise ValueError(f"{text!a}: there is no port {number}")
    return Destination(host=host, port=number or HTTPS)


def host_of(text: str) -> str | None:
    """Return the host *text* names, an address in its one canonical form; None for neither."""
    bare = text[1:-1] if text.startswith("[") else text
    try:
        return str(ip_address(bare))
    except ValueError:
        named = len(text) <= _LONGEST and _NAME.fullmatch(text)
        return text if named else None


@dataclass(frozen=True)
class Near:
    """Addresses of the operator's own networks that may be reached at one port: a mirror."""

    network: Network
    port: int


def near(text: str) -> Near | None:
    """Return the network that `10.0.0.0/8:3141` or `10.1.2.3:3141` names; None for a name."""
    place, _, port = text.rpartition(":")
    bare = place[1:-1] if place.startswith("[") else place
    try:
        return Near(ip_network(bare), int(port))
    except ValueError:
        return None


def _asked(text: str) -> str:
    return str(destination(text))


def _allowed(text: str) -> str:
    found = near(text)
    if found is not None and "/" in text:
        if found.port not in _PORTS:
            raise ValueError(f"{text!a}: there is no port {found.port}")
        return text
    return _asked(text)


Asked = Annotated[str, AfterValidator(_asked)]
"""In a policy: a host, with its port where that is not 443."""
Allowed = Annotated[str, AfterValidator(_allowed)]
"""In a host file: the same, or a network and a port, `10.0.0.0/8:3141`."""


@dataclass(frozen=True)
class Rules:
    """What one sandbox may reach: *listed* hosts, at public addresses or in one of *near*."""

    listed: frozenset[Destination]
    unlisted: frozenset[Destination]
    """Asked for by the repository, and not allowed by the host file."""
    near: tuple[Near, ...]

    def refusal(self, wanted: Destination) -> str | None:
        """Return why *wanted* may not be reached, None if it may."""
        if wanted in self.listed:
            return None
        if wanted in self.unlisted:
            return "the policy asks for it, `egress` in the host file does not allow it"
        return "it is not on the list"

    def refusal_of_address(self, address: str, port: int) -> str | None:
        """Return why *address*, which a listed host turned out to be, may not be reached."""
        found = ip_address(address.partition("%")[0])
        if any(each.port == port and found in each.network for each in self.near):
            return None
        if all(_is_public(each) for each in (found, *_inside(found))):
            return None
        return (
            f"{address} is no public address; a mirror of your own is allowed by "
            f'`egress: ["{Destination(host=address, port=port)}"]` in the host file'
        )


def rules(asked: Iterable[str], allowed: Iterable[str]) -> Rules:
    """Return what a repository that asks for *asked* may reach on a host that allows *allowed*."""
    ceiling = tuple(allowed)
    wanted = frozenset(map(destination, asked))
    known = frozenset(destination(one) for one in ceiling if "/" not in one)
    networks = tuple(found for one in ceiling if (found := near(one)) is not None)
    return Rules(listed=wanted & known, unlisted=wanted - known, near=networks)


def _inside(address: Address) -> tuple[Address, ...]:
    """Return the IPv4 addresses that an IPv6 one is a wrapping of: all are where it leads."""
    if isinstance(address, IPv4Address):
        return ()
    wrapped = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        wrapped.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(each for each in wrapped if each is not None)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address in _NAT64):
        return True  # the IPv4 address inside is judged
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    own = any(address in network for network in _A_CLOUDS_OWN)
    return address.is_global and not special and not own
