"""Who else is let into an open file: by its mode, or by an access control list that refines it.

Where there is a list, the group's bits of the mode are the list's mask, an upper bound, and not
what the group may: systemd 257 hands a credential, mode 0440 and root's, to a unit's user that way.
"""

import errno
import os
import stat
import struct
from typing import Final

_LIST: Final = "system.posix_acl_access"
_HEAD: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<HHI")
_VERSION: Final = 2
_OWNER, _USER, _OWNING_GROUP, _GROUP, _MASK, _OTHER = (1 << bit for bit in range(6))
"""Tags of acl(5), as linux/posix_acl_xattr.h numbers them."""


def lets_others_in(descriptor: int) -> bool:
    """Tell whether anybody may do anything to the file but its owner, root and the effective user.

    A list that cannot be understood lets others in.
    """
    found = os.fstat(descriptor)
    if not found.st_mode & stat.S_IRWXG:
        return bool(found.st_mode & stat.S_IRWXO)  # the mask is empty, if there is a list at all
    try:
        listed = os.getxattr(descriptor, _LIST)
    except OSError as error:
        if error.errno in {errno.ENODATA, errno.ENOTSUP}:
            return True  # there is no list: the bits are the group's
        raise
    return _grants_others(listed)


def _grants_others(listed: bytes) -> bool:
    body = listed[_HEAD.size :]
    if len(body) % _ENTRY.size or listed[: _HEAD.size] != _HEAD.pack(_VERSION):
        return True
    for tag, permissions, who in _ENTRY.iter_unpack(body):
        ours = tag in {_OWNER, _MASK} or (tag == _USER and who in {0, os.geteuid()})
        if permissions and not ours:
            return True
    return False
