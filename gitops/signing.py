"""The daemon's key, and commits signed with it in process (OpenSSH's SSHSIG, namespace `git`).

A signature is checked over the raw bytes of the object: git and libgit2 read a commit with two
`tree` or `gpgsig` headers, or a NUL, differently, so such a commit is malformed here, whoever
signed it (reliability.md finding 8b).
"""

import base64
import binascii
import hashlib
import os
import re
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from gitops.grants import lets_others_in

_NAMESPACE = b"git"
_TYPE = b"ssh-ed25519"
_HASH = b"sha512"
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"
_LINE = 70
AUTHOR = "pawl <pawl@localhost>"


class KeyRefusedError(Exception):
    """The daemon's key cannot be used: missing, readable by others, or not what it should be."""


@dataclass(frozen=True)
class Good:
    """Signed by the key that was asked for, and byte for byte what a daemon writes."""

    fingerprint: str


@dataclass(frozen=True)
class Unsigned:
    pass


@dataclass(frozen=True)
class Foreign:
    """Signed by another key; whether that signature holds was not looked at."""

    fingerprint: str


@dataclass(frozen=True)
class Malformed:
    """Not a commit that every reader reads alike, or not a signature over it."""

    why: str


@dataclass(frozen=True)
class SshSigned:
    """A commit and an SSH signature in namespace git, of whatever key, not verified yet."""

    blob: bytes
    """The public key in OpenSSH's own form."""
    signature: bytes
    payload: bytes
    """The bytes that were signed: the commit without its signature."""
    armour: str


Signed = Good | Unsigned | Foreign | Malformed


class DaemonKey:
    """An ed25519 key in an OpenSSH private key file that only its owner and we are let into."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._blob = _strings(_TYPE, raw)

    @classmethod
    def generate(cls, path: Path) -> Self:
        """Make a new key at *path*, synced; raise `FileExistsError` rather than replace one."""
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(descriptor)
            os.link(new, path)  # unlike rename, fails where a key is
        finally:
            new.unlink()
        return cls(private)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the key at *path*; raise `KeyRefusedError` for one others could have read."""
        return cls(_private(path, _read_secret(path)))

    @property
    def public(self) -> str:
        """The public key as one line: `ssh-ed25519 AAAA...`."""
        return f"{_TYPE.decode()} {base64.b64encode(self._blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as `ssh-keygen -l` prints it."""
        return _fingerprint(self._blob)

    def sign(self, payload: bytes) -> str:
        """Return an armoured SSHSIG over *payload*, ending in a newline."""
        signature = _strings(_TYPE, self._private.sign(_to_sign(payload)))
        return _armour(_sshsig(self._blob, signature))


def signed_commit(
    key: DaemonKey,
    tree: str,
    parents: tuple[str, ...],
    message: str,
    at: int,
    *,
    author: str = AUTHOR,
) -> bytes:
    """Return the raw signed commit. *at* is in seconds since 1970, UTC; *author* `name <mail>`.

    The committer is always the daemon. Raises `ValueError` for a NUL in the message or an author
    that is not one line `name <mail>`.
    """
    if "\0" in message:
        raise ValueError("a commit message cannot hold a NUL")
    if not _AUTHOR.fullmatch(author):
        raise ValueError(f"not an author: {author!r}")
    headers = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    headers += [f"author {author} {at} +0000", f"committer {AUTHOR} {at} +0000"]
    body = message.strip("\n").encode(errors="replace") + b"\n"
    head = "\n".join(headers).encode() + b"\n"
    signature = key.sign(head + b"\n" + body)
    return head + _header(signature) + b"\n" + body


def verify(raw: bytes, public: str) -> Signed:
    """Tell whether the raw commit is signed by one of *public*, OpenSSH public keys, one a line.

    Total: whatever the bytes are, the answer is a value.
    """
    match ssh_signature(raw):
        case SshSigned(blob=blob) as found:
            if blob not in {_blob(line) for line in public.splitlines()}:
                return Foreign(_fingerprint(blob))
            return _checked(blob, found.signature, found.payload)
        case Unsigned() | Malformed() as other:
            return other


def ssh_signature(raw: bytes) -> SshSigned | Unsigned | Malformed:
    """Take the raw commit apart; whether the signature holds is not looked at. Total."""
    match = _COMMIT.fullmatch(raw)
    if match is None or b"\0" in raw:
        return Malformed("it is not a canonical commit with exactly one of each header")
    armoured = match["signature"]
    if armoured is None:
        return Unsigned()
    armour = armoured.decode("ascii", "replace").replace("\n ", "\n").removeprefix("gpgsig ")
    parsed = _unarmour(armour)
    if parsed is None:
        return Malformed("its signature is not an SSH signature in namespace git")
    blob, signature = parsed
    return SshSigned(blob, signature, match["head"] + match["rest"], armour)


def _checked(blob: bytes, signature: bytes, payload: bytes) -> Signed:
    kind, raw = _split(blob), _split(signature)
    if kind is None or raw is None or (len(kind), len(raw)) != (2, 2) or raw[0] != _TYPE:
        return Malformed("its signature is not of the daemon's kind of key")
    try:
        Ed25519PublicKey.from_public_bytes(kind[1]).verify(raw[1], _to_sign(payload))
    except (InvalidSignature, ValueError):
        return Malformed("its signature is not over these bytes")
    return Good(_fingerprint(blob))


def _read_secret(path: Path) -> bytes:
    again = f"make it private (chmod 600 {path}), or make a new one"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise KeyRefusedError(f"cannot open the daemon's key {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise KeyRefusedError(f"the daemon's key {path} is not a file")
        if found.st_uid not in (os.geteuid(), 0) or lets_others_in(descriptor):
            raise KeyRefusedError(f"the daemon's key {path} can be read by others; {again}")
        return file.read()


def _private(path: Path, pem: bytes) -> Ed25519PrivateKey:
    try:
        private = load_ssh_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyRefusedError(f"{path} is not an OpenSSH private key: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyRefusedError(f"the daemon's key {path} is not ed25519; make a new one")
    return private


def _blob(public: str) -> bytes:
    words = public.split()
    try:
        return base64.b64decode(words[1], validate=True)
    except (IndexError, binascii.Error) as error:
        raise ValueError(f"not an OpenSSH public key: {public!r}") from error


def _fingerprint(blob: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return "SHA256:" + digest.rstrip("=")


def _strings(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _split(raw: bytes) -> list[bytes] | None:
    parts: list[bytes] = []
    at = 0
    while at < len(raw):
        if at + 4 > len(raw):
            return None
        (size,) = struct.unpack_from(">I", raw, at)
        if at + 4 + size > len(raw):
            return None
        parts.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def _to_sign(payload: bytes) -> bytes:
    return b"SSHSIG" + _strings(_NAMESPACE, b"", _HASH, hashlib.sha512(payload).digest())


def _sshsig(blob: bytes, signature: bytes) -> bytes:
    return b"SSHSIG\0\0\0\1" + _strings(blob, _NAMESPACE, b"", _HASH, signature)


def _armour(sshsig: bytes) -> str:
    text = base64.b64encode(sshsig).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def _unarmour(armour: str) -> tuple[bytes, bytes] | None:
    """Return public key and signature, if armouring them again gives the very same text."""
    text = armour.removeprefix(_BEGIN).removesuffix("\n").removesuffix(_END).replace("\n", "")
    try:
        sshsig = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    parts = _split(sshsig[10:])
    if parts is None or len(parts) != 5:  # noqa: PLR2004  # key, namespace, reserved, hash, signature
        return None
    blob, _, _, _, signature = parts
    if _armour(_sshsig(blob, signature)) != armour:
        return None
    return blob, signature


def _header(signature: str) -> bytes:
    return b"gpgsig " + signature.rstrip("\n").replace("\n", "\n ").encode() + b"\n"


_AUTHOR = re.compile(r"[^\0\n<>]+ <[^\0\n<>]*>")
_PERSON = rb"[^\0\n<>]* <[^\0\n<>]*> [0-9]+ [+-][0-9]{4}\n"
_COMMIT = re.compile(
    rb"(?P<head>tree [0-9a-f]{40}\n(?:parent [0-9a-f]{40}\n)*"
    rb"author " + _PERSON + rb"committer " + _PERSON + rb")"
    rb"(?P<signature>gpgsig [^\n]*\n(?: [^\n]*\n)*)?"
    rb"(?P<rest>\n.*)",
    re.DOTALL,
)
