"""The hub of a clone: what it has, and moving its refs by compare-and-swap.

Nothing here decides. The hub's answers are values, and what became of a push whose answer was
lost is told by the next fetch.
"""

from gitops.remote.push import Change as Change
from gitops.remote.push import Changed as Changed
from gitops.remote.push import Pushed as Pushed
from gitops.remote.push import Refused as Refused
from gitops.remote.transport import Fetched as Fetched
from gitops.remote.transport import Transport as Transport
from gitops.remote.transport import Unreachable as Unreachable
from gitops.remote.transport import last_seen as last_seen
