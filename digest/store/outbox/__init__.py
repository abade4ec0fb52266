"""The outbox: every edition to every reader, from planned to accepted, and nothing twice. Rules in docs/delivery.md.

planning    due → planned → building → ready, or skipped
sending     ready → leased → sending → a reply
recalling   ready → planned, when a paper is withdrawn
reaping     what dead processes leave behind
reconciling what the accepted journal says and this database does not, and the reverse
operating   what the operator does by hand
books       looking, replaying, accounting
suppression, relays    addresses and relays that are left in peace
limits      what relays may still be given, and domains that are left in peace
"""

from digest.store.outbox.books import Reading
from digest.store.outbox.limits import Limits
from digest.store.outbox.operating import Operating
from digest.store.outbox.planning import Planning
from digest.store.outbox.reaping import Reaping
from digest.store.outbox.recalling import Recalling
from digest.store.outbox.reconciling import Reconciling
from digest.store.outbox.relays import Relays
from digest.store.outbox.sending import Sending
from digest.store.outbox.suppression import Suppressed, Suppressions, canonical_address, domain_of
from digest.store.outbox.values import (
    Attempt,
    AttemptResult,
    Books,
    Built,
    ClaimedDelivery,
    DeliveryRow,
    Draw,
    Filters,
    Frozen,
    Gap,
    Plan,
    PlannedDelivery,
    Reaped,
    RelayState,
    Replay,
    RestingDomain,
    SentFact,
    Window,
)


class Outbox(Planning, Recalling, Sending, Reaping, Reconciling, Operating, Reading, Relays, Limits, Suppressions):
    """One class, a chapter per module; each public method is one transaction. Works on SQLite and PostgreSQL."""


__all__ = [
    "Attempt",
    "AttemptResult",
    "Books",
    "Built",
    "ClaimedDelivery",
    "DeliveryRow",
    "Draw",
    "Filters",
    "Frozen",
    "Gap",
    "Outbox",
    "Plan",
    "PlannedDelivery",
    "Reaped",
    "RelayState",
    "Replay",
    "RestingDomain",
    "SentFact",
    "Suppressed",
    "Window",
    "canonical_address",
    "domain_of",
]
