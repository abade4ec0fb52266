"""Readers, what they agreed to and answered, whom nobody writes to, and letters to one person."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    func,
)

from digest.store.schema.base import Instant, Key, metadata

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("email", Text, nullable=False),
    Column("address", Text, nullable=False, server_default="", index=True, comment="canonical form of the email"),
    Column("origin", String(8), nullable=False, comment="file | store"),
    # digest.model.ReaderState: pending and left besides.
    Column("state", String(16), nullable=False, comment="active | paused | gone | erased"),
    Column("paused_until", Instant, index=True, comment="when a paused reader wakes by themselves"),
    Column("settings", JSON, nullable=False, comment="the last good settings"),
    Column(
        "wanted",
        JSON(none_as_null=True),
        comment="settings that were asked for and wait to be confirmed from their address",
    ),
    Column(
        "times_hash", String(32), nullable=False, comment="of send times and tzdata version: stale due times recompute"
    ),
    Column("next_due_at", Instant, index=True),
    Column("next_edition", Date),
    Column("last_edition", Date),
    Column("problem", Text, comment="why the file could not be read, until it is mended"),
    Column("updated_at", Instant, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscriber_id", String(128), ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("act", String(16), nullable=False, comment="digest.model.Act: asked, confirmed, left, …"),
    Column("at", Instant, nullable=False),
    Column("ip", Text),
    Column("text", Text, nullable=False, comment="what was agreed to, or where the proof of it is"),
    Column("language", Text, nullable=False, comment="of that text"),
    Column("recorded_at", Instant, nullable=False, comment="later than ``at`` for consent that was given elsewhere"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id_hash", String(65), primary_key=True, comment="keyed hash of the id, so that a file does not revive it"),
    Column("erased_at", Instant, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    # Of an erased reader: # and a keyed hash of it.
    Column("address", Text, primary_key=True, comment="canonical form of the address"),
    Column("reason", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscriber_id", String(128), ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("verb", String(16), nullable=False, comment="more | less | save | mute author | mute word"),
    Column("paper_id", Key, ForeignKey("papers.id"), index=True),
    Column("subject", Text, nullable=False, comment="the author or the word; empty where it is about a paper"),
    Column("lane", Text, comment="the lane that had brought the paper"),
    Column("origin", String(8), nullable=False, comment="mail | web | command"),
    Column("given_at", Instant, nullable=False),
    Column("undone_at", Instant),
    sqlite_autoincrement=True,
)

letters = Table(
    "letters",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", String(12), nullable=False, comment="digest.model.Letter: asks to join, for a link; confirm, …"),
    # No foreign key: who never confirmed is dropped, and what was written to them with them.
    Column("subscriber_id", String(128), index=True, comment="null while it is not known whose the address is"),
    Column("to_hash", String(65), nullable=False, index=True, comment="keyed hash of the address, to count by"),
    Column("body", JSON(none_as_null=True), comment="what was asked for, until it is decided"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, comment="no attempt is made after it"),
    Column("next_attempt_at", Instant, index=True, comment="null: settled, as outcome says"),
    Column("attempts", Integer, nullable=False),
    Column("lease_token", String(32)),
    Column("lease_until", Instant),
    Column("outcome", Text, comment="sent, or why not; of a failed attempt the reason"),
    sqlite_autoincrement=True,
)

feed_addresses = Table(
    "feed_addresses",
    metadata,
    Column("subscriber_id", String(128), ForeignKey("subscribers.id"), primary_key=True),
    Column("name", String(26), nullable=False, unique=True, comment="half of the address; the ring proves the other"),
    Column("made_at", Instant, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=func.now()),
)
