"""The permissions of one tip, each with everything a check asks about it."""

from functools import lru_cache

from gitops.objects import DamagedObjectError, MissingObjectError, read_blob, size_of
from gitops.people.chain import Chain
from gitops.people.faith import Faith
from gitops.people.remembered import Brought
from gitops.repository import Store
from policy.people.found import Authentic, Found, Held, Illegible, Standing
from policy.people.permission import Permission, StandingWaiver, instant
from policy.people.reading import FOLDER, MOST_BYTES, read_permission
from policy.problems import Problem, Unreadable

_SUFFIX = ".yaml"
_FILE_MODE = "100644"


def permissions(
    store: Store, chain: Chain, faith: Faith, *, unused: bool = True
) -> tuple[Found | Illegible, ...]:
    """Return what lies in `waivers/` where the chain ends; without those used, if *unused*.

    A standing waiver is not used up. Files that are not called `<name>.yaml` are not meant as
    permissions and are left out.
    """
    used = chain.used if unused else frozenset()
    rows = sorted(chain.brought.items())
    return tuple(
        _found(store, chain, faith, name, brought)
        for name, brought in rows
        if name.endswith(_SUFFIX)
        and (brought.blob not in used or _is_standing(store, name, brought))
    )


def _is_standing(store: Store, name: str, brought: Brought) -> bool:
    return isinstance(_read(store, name, brought), StandingWaiver)


def _found(
    store: Store, chain: Chain, faith: Faith, name: str, brought: Brought
) -> Found | Illegible:
    path = f"{FOLDER}/{name}"
    permission = _read(store, name, brought)
    if isinstance(permission, Unreadable):
        return Illegible(path=path, blob=brought.blob, problems=permission.problems)
    return Found(
        path=path,
        blob=brought.blob,
        permission=permission,
        tip=chain.verdict.tip,
        chain=chain.verdict,
        introduced=brought.introduced,
        signer=brought.signer,
        standing=_standing(chain, faith, brought),
        doubts=chain.state.doubts,
        first_seen=instant(brought.first_seen),
    )


def _standing(chain: Chain, faith: Faith, brought: Brought) -> Standing:
    if isinstance(brought.signer, Authentic):
        return faith.verifier.standing(brought.signer, chain.state)
    return Held(roles=frozenset())  # nobody's key: the signer is what is refused


def _read(store: Store, name: str, brought: Brought) -> Permission | Unreadable:
    if brought.mode != _FILE_MODE:
        return _problem(f"has mode {brought.mode}; a permission is a plain file (100644)")
    if "/" in name:
        return _problem(f"lies in a folder; a permission lies in {FOLDER}/ itself")
    try:
        size = size_of(store, brought.blob)
        if size > MOST_BYTES:
            return _problem(f"has {size} bytes, {MOST_BYTES} are allowed")
        content = read_blob(store, brought.blob)
    except (MissingObjectError, DamagedObjectError) as error:
        return _problem(str(error))
    return _parsed(content, name.removesuffix(_SUFFIX))


_parsed = lru_cache(maxsize=1024)(read_permission)


def _problem(text: str) -> Unreadable:
    return Unreadable((Problem(0, 0, text),))
