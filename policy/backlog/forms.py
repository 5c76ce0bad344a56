"""The forms an item can be written in, told by its file's name: a file of its own, or an entry.

Whoever has an item's path and content reads or edits it here, and need not know which form it has.
"""

from policy.backlog.edit import EditRefused, set_key
from policy.backlog.item import BacklogItem
from policy.backlog.markdown.edit import find, set_in_sheet
from policy.backlog.markdown.sheet import SUFFIX as SHEET
from policy.backlog.parse import BadItem, parse_item
from policy.ids import ItemId


def item_in(path: str, content: bytes, item: ItemId) -> BacklogItem | BadItem:
    """Return *item* as the file at *path* has it."""
    if not path.endswith(SHEET):
        return parse_item(path, content)
    found = find(path, content, item)
    return found if isinstance(found, BadItem) else found.item


def set_in(
    path: str, content: bytes, item: ItemId, key: str, value: str | int
) -> bytes | EditRefused:
    """Return *content* with *key* of *item* set to *value*, one word, and nothing else changed."""
    if not path.endswith(SHEET):
        return set_key(content, key, value)
    return set_in_sheet(path, content, item, key, value)
