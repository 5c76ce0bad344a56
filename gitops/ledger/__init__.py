"""The ledger: append-only commits that hold a mission's facts, and the branch of closed missions.

Appending moves the mission's ref only if nobody moved it since the facts were read, so that two
daemons cannot both write what comes next.
"""

from gitops.ledger import appending, reading
from gitops.ledger.appending import DuplicateStepError as DuplicateStepError
from gitops.ledger.appending import append as append
from gitops.ledger.beginning import is_believed_throughout as is_believed_throughout
from gitops.ledger.beginning import is_empty_root as is_empty_root
from gitops.ledger.closed import Closed as Closed
from gitops.ledger.closed import changed_between as changed_between
from gitops.ledger.closed import closed_missions as closed_missions
from gitops.ledger.closed import closed_of as closed_of
from gitops.ledger.closed import count_closed as count_closed
from gitops.ledger.closed import is_closed as is_closed
from gitops.ledger.closed import order_of_closing as order_of_closing
from gitops.ledger.closed import read_closed as read_closed
from gitops.ledger.closed import read_closed_file as read_closed_file
from gitops.ledger.closing import ClosedOtherwiseError as ClosedOtherwiseError
from gitops.ledger.closing import ForeignLedgerError as ForeignLedgerError
from gitops.ledger.closing import LedgerRootMissingError as LedgerRootMissingError
from gitops.ledger.closing import Merge as Merge
from gitops.ledger.closing import close as close
from gitops.ledger.closing import create_ledger_root as create_ledger_root
from gitops.ledger.closing import merged as merged
from gitops.ledger.closing import prepare as prepare
from gitops.ledger.dossier import read_file as read_file
from gitops.ledger.evidence import Keep as Keep
from gitops.ledger.pages import differing as differing
from gitops.ledger.pages import missions_at as missions_at
from gitops.ledger.pages import names_at as names_at
from gitops.ledger.pages import with_pages as with_pages
from gitops.ledger.reading import BrokenDossierError as BrokenDossierError
from gitops.ledger.reading import Page as Page
from gitops.ledger.reading import read as read
from gitops.ledger.reading import read_at as read_at
from gitops.ledger.reading import steps as steps
from gitops.repository import Store
from policy.ids import MissionId


def forget(store: Store, mission: MissionId) -> None:
    """Drop what is remembered of a mission: it is closed, or the hub has another line of it."""
    appending.forget(store, mission)
    reading.forget(store, mission)
