"""What an unprivileged overlay (`userxattr`) writes into its upper layer, and what it must not.

Everything the mount could not have produced refuses: a layer that says it is redirected or holds
only metadata has its content elsewhere, and guessing would store a wrong file. A builder's own
`user.overlay.*` attributes reach the layer escaped, as `user.overlay.overlay.*`.
"""

import os
import stat

from gitops.tree.refused import RefusedError

OPAQUE = "user.overlay.opaque"
_OURS = "user.overlay."
_ESCAPED = "user.overlay.overlay."
# Bookkeeping of the kernel without a say in what a file's name, type or content is.
_HARMLESS = {
    "user.overlay.uuid",
    "user.overlay.origin",
    "user.overlay.impure",
    "user.overlay.nlink",
}


def is_deletion(found: os.stat_result) -> bool:
    """Whether this is a whiteout: the character device 0:0."""
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def is_opaque(descriptor: int, path: bytes) -> bool:
    """Whether the directory hides all that is below it; raise `RefusedError` for what is odd."""
    if OPAQUE not in meaningful(descriptor, path, allowed={OPAQUE}):
        return False
    value = os.getxattr(descriptor, OPAQUE)
    if value != b"y":
        why = f"the overlay's attribute {OPAQUE} is {value!r}, only b'y' is understood"
        raise RefusedError("overlay_attribute", path, why)
    return True


def meaningful(descriptor: int, path: bytes, allowed: set[str]) -> set[str]:
    """Return which of the *allowed* attributes are there; raise `RefusedError` for any other."""
    names = {
        name
        for name in os.listxattr(descriptor)
        if name.startswith(_OURS) and not name.startswith(_ESCAPED)
    }
    odd = sorted(names - allowed - _HARMLESS)
    if odd:
        why = f"the overlay's attribute {odd[0]} is none a work tree can have"
        raise RefusedError("overlay_attribute", path, why)
    return names & allowed
