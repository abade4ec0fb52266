"""What was read where and when, what to ask next, and whose turn it is."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from digest.store.schema.base import Instant, Key, metadata

source_runs = Table(
    "source_runs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
    Column("status", String(16), nullable=False),
    Column("announced", Integer),
    Column("read", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("error", Text),
    Index("ix_source_runs_source_started_at", "source", "started_at"),
)

source_cursors = Table(
    "source_cursors",
    metadata,
    Column("source", String(64), primary_key=True),
    Column(
        "state", JSON, nullable=False, comment="whatever the source wants to remember, e.g. how far a back-fill got"
    ),
)

http_cache = Table(
    "http_cache",
    metadata,
    Column("url", Text, primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("fetched_at", Instant, nullable=False),
)

provider_turns = Table(
    "provider_turns",
    metadata,
    Column("key", Text, primary_key=True, comment="one for all hosts of an operator: arxiv.org"),
    Column("next_at", Instant, nullable=False, comment="no request before then, by anyone"),
    Column("holder", String(32), comment="who has the turn, or had it last"),
    Column("held_until", Instant, comment="the end of the holder's lease; null: the turn is free"),
    Column("wanted", Boolean, nullable=False, comment="somebody else was refused since it was last taken"),
)
