"""Public keys of people as OpenSSH writes them: `ssh-ed25519 AAAA...`.

The blob is the key; what stands beside it (a comment, a mail address) says nothing about whose it
is. Certificates are refused: who signed one is not in the file people read (DESIGN 4.1).
"""

import base64
import binascii
import hashlib

from policy.value import Value

_PARTS = {
    "ssh-ed25519": 2,
    "sk-ssh-ed25519@openssh.com": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
    "ssh-rsa": 3,
}
"""Of how many strings a key's blob is made; the first is the kind."""
_ED25519_BYTES = 32


class Key(Value):
    """*kind* is OpenSSH's name of the algorithm, *blob* base64 in its one canonical form."""

    kind: str
    blob: str

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as `ssh-keygen -l` prints it."""
        raw = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(raw).decode().rstrip("=")

    def __str__(self) -> str:
        return f"{self.kind} {self.blob}"


def key_of(kind: str, blob: str) -> Key | str:
    """Return the key, or why this is none."""
    if kind not in _PARTS:
        known = ", ".join(_PARTS)
        return f"{kind!a} is not a kind of key that may sign here; there are: {known}"
    try:
        raw = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        return "the key is not base64"
    if base64.b64encode(raw).decode() != blob or not _is_whole(kind, raw):
        return f"the key is not one of kind {kind}; copy it from the .pub file again"
    return Key(kind=kind, blob=blob)


def key_in(blob: bytes) -> Key | None:
    """Return the key that is the raw *blob*, None where it is not of a kind that may sign."""
    for kind in _PARTS:
        if _is_whole(kind, blob):
            return Key(kind=kind, blob=base64.b64encode(blob).decode())
    return None


def _is_whole(kind: str, raw: bytes) -> bool:
    """Tell whether *raw* is a key of *kind* to its last byte: half a key revokes nobody."""
    parts: list[bytes] = []
    at = 0
    while at + 4 <= len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        parts.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(raw) or len(parts) != _PARTS[kind] or parts[0] != kind.encode():
        return False
    return "ed25519" not in kind or len(parts[1]) == _ED25519_BYTES
