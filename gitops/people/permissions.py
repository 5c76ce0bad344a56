"""The permissions of one tip, each with everything a check asks about it."""

from gitops.people.chain import Chain
from gitops.people.faith import Faith
from gitops.people.lying import read_brought
from gitops.people.remembered import Brought
from gitops.repository import Store
from policy.people.found import Authentic, Found, Held, Illegible, Standing
from policy.people.permission import StandingWaiver, instant
from policy.people.reading import FOLDER
from policy.problems import Unreadable

_SUFFIX = ".yaml"


def permissions(
    store: Store, chain: Chain, faith: Faith, *, unused: bool = True
) -> tuple[Found | Illegible, ...]:
    """Return what lies in `waivers/` where the chain ends; without those used, if *unused*.

    A standing waiver is not used up. What has been taken back stays so: revocations that do not
    lie there any more are among them. Files that are not called `<name>.yaml` are not meant as
    permissions and are left out.
    """
    used = chain.used if unused else frozenset()
    rows = (*sorted(chain.brought.items()), *sorted(chain.undone.items()))
    return tuple(
        _found(store, chain, faith, name, brought)
        for name, brought in rows
        if name.endswith(_SUFFIX)
        and (brought.blob not in used or _is_standing(store, name, brought))
    )


def _is_standing(store: Store, name: str, brought: Brought) -> bool:
    return isinstance(read_brought(store, name, brought), StandingWaiver)


def _found(
    store: Store, chain: Chain, faith: Faith, name: str, brought: Brought
) -> Found | Illegible:
    path = f"{FOLDER}/{name}"
    permission = read_brought(store, name, brought)
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
