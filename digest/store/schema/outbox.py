"""Every edition to every reader, each try to hand it over, what came back, and what relays and domains may be given."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from digest.store.schema.base import Instant, Key, merged_from, metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscriber_id", String(128), ForeignKey("subscribers.id"), nullable=False),
    Column("edition", Date, nullable=False, comment="the reader's local date; also the press day whose books it is in"),
    Column("trial", Boolean, nullable=False, comment="written by the files transport: never counts as sent"),
    Column("state", String(12), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("next_attempt_at", Instant),
    Column("attempt_count", Integer, nullable=False, default=0),
    Column("lease_token", String(32)),
    Column("lease_until", Instant),
    Column("recipient", Text),
    Column("domain", Text, comment="the recipient's, in ASCII and lower case; null where planned before it was kept"),
    Column("message_id", Text, index=True),
    Column("recipe", LargeBinary, comment="compressed digest.editions.message.Recipe: what the bytes are made from"),
    Column("reason", Text, comment="why it was skipped, deferred, failed, held, …"),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("subscriber_id", "edition", "trial"),
    Index("ix_deliveries_state_not_before", "state", "not_before"),
    Index("ix_deliveries_edition_state", "edition", "state"),
    sqlite_autoincrement=True,
)

sent_papers = Table(
    "sent_papers",
    metadata,
    Column("delivery_id", Key, ForeignKey("deliveries.id"), primary_key=True),
    Column("paper_id", Key, ForeignKey("papers.id"), primary_key=True, index=True),
    merged_from(),
    Column("subscriber_id", String(128), nullable=False, index=True),
    Column("position", Integer, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("delivery_id", Key, ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("lease_token", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    Column("relay", Text, nullable=False),
    Column("phase", String(12), nullable=False, comment="where it ended: connect, tls, auth, mail, rcpt, data, dot, …"),
    Column(
        "outcome", String(12), nullable=False, comment="accepted | deferred | failed | suppressed | uncertain | lost"
    ),
    Column("code", Integer),
    Column("text", Text, nullable=False),
)

relays = Table(
    "relays",
    metadata,
    Column("relay", Text, primary_key=True),
    Column("paused_until", Instant),
    Column("failures", Integer, nullable=False, default=0),
    Column("reason", Text),
)

allowances = Table(
    "allowances",
    metadata,
    Column("relay", Text, primary_key=True),
    Column("slot", Instant, primary_key=True, comment="the start of five minutes; 1970 is a row to lock"),
    Column("taken", Integer, nullable=False, comment="messages that senders took the right to send"),
)

resting_domains = Table(
    "resting_domains",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("rests_until", Instant, nullable=False),
    Column("failures", Integer, nullable=False, comment="rests in a row; one message goes first after each"),
    Column("reason", Text, nullable=False),
)

bounces = Table(
    "bounces",
    metadata,
    Column("id", Key, primary_key=True),
    Column("mail", String(32), nullable=False, unique=True, comment="hash of its Message-ID: it counts once"),
    Column("delivery_id", Key, ForeignKey("deliveries.id"), nullable=False, index=True, comment="what proves it"),
    Column("subscriber_id", String(128), nullable=False, index=True),
    Column("address", Text, nullable=False, index=True, comment="canonical form of the delivery's recipient"),
    Column("kind", String(12), nullable=False, comment="hard | soft | complaint"),
    Column("reason", String(32), nullable=False, comment="digest.refusals.Reason, or the kind of a complaint"),
    Column("counts", Boolean, nullable=False, comment="against the address: false where the fault is ours"),
    Column("status", String(16)),
    Column("diagnostic", Text, nullable=False, comment="the last server's words, one line"),
    Column("taken_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

fragments = Table(
    "fragments",
    metadata,
    Column("hash", String(32), primary_key=True),
    Column("body", LargeBinary, nullable=False, comment="compressed rendered card or shell"),
    Column("used_at", Instant, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("press_day", Date, primary_key=True),
    Column("claimed_at", Instant, nullable=False),
    Column("sent_at", Instant, comment="null: an attempt is under way, or failed"),
)
