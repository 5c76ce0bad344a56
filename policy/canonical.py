"""Canonical JSON: one byte string for one value, so that a digest means the value."""

import hashlib
import json

from policy.ids import Digest


def canonical(value: object) -> bytes:
    """Return *value* as canonical JSON: sorted keys, no spaces, UTF-8, no NaN.

    Raises `ValueError` or `TypeError` for what JSON cannot say.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def digest(value: object) -> Digest:
    """Return the sha256 of the canonical form of *value*."""
    return sha256(canonical(value))


def sha256(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest())
