"""Asking a person: the fact, the request they read, and the answers that only lack their reason.

All of it is one step. The answers name the request by its blob, so they lie beside it.
"""

from datetime import timedelta

from daemon.mission.draft import Draft, Outcome
from daemon.people.matter import candidate_of
from daemon.view import View
from gitops.commits import tree_of
from gitops.objects import Batch
from gitops.packs import object_id
from gitops.refs import mission_ref
from gitops.tree.diff import entries_between, is_binary, stat_of
from gitops.tree.reading import blob_at
from policy.canonical import sha256
from policy.change import Entry
from policy.documents.request import Shown, answer_path, request_page
from policy.documents.shown import GITLINK, LINK, Change, Looked
from policy.documents.summary import summarise
from policy.gates.protected import is_protected, protected_globs
from policy.gates.verdict import Record
from policy.ids import BlobId, TreeId
from policy.mission.actions import Answer, Ask, Notice, Withdraw
from policy.mission.persons import PersonAsked
from policy.mission.states import Failed, Judged, Mission
from policy.people.answers import answer, template
from policy.people.needs import answering
from policy.people.permission import Kind, More, PermissionId

_ONE_MORE = More(attempts=1)  # what a ready-made grant says; a person may write more
_PLACEHOLDER = "to be written by whoever decides"


def person(draft: Draft, view: View, action: Ask | Notice | Answer | Withdraw) -> None:
    """Add what is asked of a person, or what they have said."""
    match action:
        case Ask(asked=asked):
            ask_person(draft, view, asked)
        case Notice(seen=seen):
            draft.add(Outcome((seen,)))
        case Answer(answered=answered):
            draft.add(Outcome((answered,)))
        case Withdraw(withdrawn=withdrawn):
            draft.add(Outcome((withdrawn,)))


def ask_person(draft: Draft, view: View, asked: PersonAsked) -> None:
    """Add the request and the files a person reads."""
    state = view.mission(draft)
    kinds = answering(asked.need)
    policy = view.policy().policy
    scene = view.counsel.scene(view.policy())
    expires = scene.time.now + timedelta(seconds=policy.waivers.max_ttl_s)
    ids = {kind: _id(draft, asked, kind) for kind in sorted(kinds)}
    page = request_page(
        Shown(
            asked=asked,
            summary=summarise(state, draft.records),
            mode=view.site.trust.mode,
            ref=mission_ref(draft.mission),
            candidate=candidate_of(state),
            change=_change(draft.batch, view, state),
            records=_records(state),
            answers=ids,
            expires=f"{expires:%Y-%m-%dT%H:%M:%SZ}",
            most=policy.requests.paths,
        )
    ).encode()
    asked = asked.model_copy(update={"shown": BlobId(object_id("blob", page).hex())})
    pages = {asked.request: page}
    live = scene.live(state, asked)
    if live is None:
        raise ValueError(f"{draft.mission}: {asked.request} was not written")
    for kind, name in ids.items():
        made = answer(kind, live, id=name, reason=_PLACEHOLDER, expires=expires, grant=_ONE_MORE)
        pages[answer_path(asked.request, kind)] = template(made).encode()
    draft.add(Outcome((asked,), pages=pages))


def _id(draft: Draft, asked: PersonAsked, kind: Kind) -> PermissionId:
    """Return a uuid4 that is the same when the request is written again."""
    opened = draft.records[0].step
    digest = sha256(f"{draft.mission} {opened} {asked.request} {kind}".encode())
    variant = "89ab"[int(digest[16], 16) % 4]
    return "-".join(
        (digest[:8], digest[8:12], f"4{digest[13:16]}", f"{variant}{digest[17:20]}", digest[20:32])
    )


def _records(state: Mission) -> tuple[Record, ...]:
    if isinstance(state, Judged):
        return state.judged.records
    return state.barred.judged.records if isinstance(state, Failed) and state.barred else ()


def _change(batch: Batch, view: View, state: Mission) -> Change | None:
    """Return what would land; without a candidate what the last attempt left."""
    built, attempts = candidate_of(state), state.history.attempts
    if built is not None:
        flipped = state.history.opened.item_path  # by the daemon; gates have seen to the rest
        return _looked(batch, view, tree_of(view.site.store, built.base), built.tree, flipped)
    if not attempts or attempts[-1].ended.tree is None:
        return None
    last = attempts[-1]
    return _looked(batch, view, tree_of(view.site.store, last.started.base), last.ended.tree)


def _looked(
    batch: Batch, view: View, old: TreeId, new: TreeId | None, flipped: str | None = None
) -> Change | None:
    if new is None:
        return None
    entries = entries_between(batch, old, new)
    globs = protected_globs(view.policy().policy)
    looked = tuple(
        _of(batch, entry, protected=entry.path != flipped and is_protected(entry.path, globs))
        for entry in entries
    )
    return Change(entries=entries, looked=looked, stat=stat_of(batch, entries))


def _of(batch: Batch, entry: Entry, *, protected: bool) -> Looked:
    if entry.new is None or entry.new.mode == GITLINK:
        return Looked(protected=protected)
    content = blob_at(batch, entry.new.oid)
    link = content.decode("utf-8", "surrogateescape") if entry.new.mode == LINK else None
    return Looked(size=len(content), link=link, binary=is_binary(content), protected=protected)
