"""How far the journal outside the database was read (digest/delivery/journal.py), and what it has yet to be told."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    String,
    Table,
    Text,
)

from digest.store.schema.base import Instant, Key, metadata

journal_files = Table(
    "journal_files",
    metadata,
    Column("id", String(32), primary_key=True, comment="what the file calls itself in its first line"),
    Column("position", BigInteger, nullable=False, comment="bytes of it that this database knows"),
    Column("read_at", Instant, nullable=False),
)

journal_gaps = Table(
    "journal_gaps",
    metadata,
    Column("delivery_id", Key, ForeignKey("deliveries.id"), primary_key=True, comment="went out, not in the journal"),
    Column("noted_at", Instant, nullable=False),
)

journal_waiting = Table(
    "journal_waiting",
    metadata,
    Column("reader", String(32), primary_key=True, comment="keyed hash of a reader's id that is not known here yet"),
    Column("edition", Date, primary_key=True),
    Column("fact", JSON, nullable=False, comment="the line of the journal"),
    Column("noted_at", Instant, nullable=False),
)

last_words = Table(
    "last_words",
    metadata,
    # What readers and addresses said last of being written to (digest.store.words), to be known after a restore.
    Column("subject", String(65), primary_key=True, comment="# and a keyed hash of an id or an address"),
    Column("said", String(12), nullable=False, comment="digest.store.words.Said: left, paused, back, erased, …"),
    Column("at", Instant, nullable=False),
    Column("until", Instant),
    Column("unsaid", Boolean, nullable=False, index=True, comment="not in the journal yet"),
)

sent_names = Table(
    "sent_names",
    metadata,
    # Papers that went to a reader by the journal, and that the database, an older one, did not know when it was read.
    Column("delivery_id", Key, ForeignKey("deliveries.id"), primary_key=True),
    Column("scheme", String(16), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("subscriber_id", String(128), nullable=False, index=True),
)
