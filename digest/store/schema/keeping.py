"""The house itself: what it did, what it learnt, and what is due."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Date,
    LargeBinary,
    String,
    Table,
    Text,
)

from digest.store.schema.base import Instant, Key, metadata

events = Table(
    "events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("detail", JSON, nullable=False),
)

learnt = Table(
    "learnt",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False, comment="what was learnt, as its own module packs it"),
    Column("said", Text, nullable=False, comment="the same in a line for people"),
    Column("learnt_at", Instant, nullable=False),
)

chores = Table(
    "chores",
    metadata,
    Column("name", String(64), primary_key=True, comment="what is done once a day by whoever comes first"),
    Column("day", Date, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("done_at", Instant, comment="null: an attempt is under way, or failed"),
)
