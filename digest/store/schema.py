"""All tables. Only ``digest/store`` knows them; Alembic's migrations are checked against this file by a test."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    func,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[dt.datetime]):
    """An aware UTC datetime; SQLite keeps it as naive text in UTC, PostgreSQL as timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime given to the store")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        instant: dt.datetime = value
        return instant.replace(tzinfo=dt.UTC) if instant.tzinfo is None else instant.astimezone(dt.UTC)


Key = BigInteger().with_variant(Integer, "sqlite")
"""An auto-numbered primary key: SQLite numbers only INTEGER ones."""

# ── papers ──────────────────────────────────────────────────────────────────────────────────────────────────


def merged_from() -> Column[int | None]:
    """The paper that a row was of before that one was merged into another: what it takes to undo a merge; else null."""
    return Column("merged_from", Key, ForeignKey("papers.id"))


papers = Table(
    "papers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("redirect_to", Key, ForeignKey("papers.id"), comment="set when this paper was merged into another"),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("primary_category", Text, nullable=False, comment="the first of the categories, or empty"),
    Column("url", Text, nullable=False),
    Column("comment", Text),
    Column("code_url", Text),
    Column("version", Integer),
    Column("withdrawn", Boolean, nullable=False, default=False),
    Column("candidate", Boolean, nullable=False, default=True),
    Column("sources", JSON, nullable=False),
    Column("published_at", Instant),
    Column("announced_at", Instant),
    Column("first_seen_at", Instant, nullable=False),
    # Whole seconds since 1970 (UTC), since it is read by the ten thousand: announced, else published, else first seen.
    Column("news_at", BigInteger, nullable=False, index=True),
    Column("updated_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)
_merged = papers.c.redirect_to.is_not(None)
_by_target = Index("ix_papers_redirect_to", papers.c.redirect_to, sqlite_where=_merged)


@event.listens_for(metadata, "before_create")
def _likewise(_: MetaData, connection: Connection, **__: object) -> None:
    """The same partial index on PostgreSQL. Said here, because naming a dialect imports it: a tenth of a preview."""
    if connection.dialect.name == "postgresql":
        _by_target.dialect_options["postgresql"]["where"] = _merged


# A name may be claimed by several papers: of a DOI that two arXiv records give, nobody knows whose it is.
identifiers = Table(
    "identifiers",
    metadata,
    Column("scheme", String(16), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("paper_id", Key, ForeignKey("papers.id"), primary_key=True, index=True),
)

records = Table(
    "records",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("paper_id", Key, ForeignKey("papers.id"), nullable=False, index=True),
    Column("title_key", Text, nullable=False, index=True, comment="normalised title, for matching"),
    Column("content_hash", String(32), nullable=False),
    Column("body", JSON, nullable=False, comment="the entry as the provider gave it"),
    Column("first_seen_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    merged_from(),
    UniqueConstraint("source", "key"),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("scheme", String(16), primary_key=True),
    Column("value", Text, primary_key=True),
    Column("source", String(64), primary_key=True, comment="the provider that took its record back"),
    Column("withdrawn_at", Instant, nullable=False),
)

separations = Table(
    "separations",
    metadata,
    Column("id", Key, primary_key=True),
    Column("created_at", Instant, nullable=False),
)

separated_records = Table(
    "separated_records",
    metadata,
    Column("separation_id", Key, ForeignKey("separations.id"), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("side", Boolean, nullable=False, comment="records of different sides are never one paper"),
)

near_keys = Table(
    "near_keys",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False, comment="digest.catalog.near_text.near_keys()"),
    Column("paper_id", BigInteger, primary_key=True, autoincrement=False, comment="may have been merged since"),
    Column("sketch", BigInteger, primary_key=True, autoincrement=False, comment="of the title of one of its records"),
    # No foreign key: some six rows a paper, and what a row says is checked against the records anyway.
    sqlite_with_rowid=False,
)

observations = Table(
    "observations",
    metadata,
    Column("paper_id", Key, ForeignKey("papers.id"), primary_key=True),
    Column("signal", String(32), primary_key=True),
    Column("observed_at", Instant, primary_key=True),
    Column("value", Float, nullable=False),
    merged_from(),
)
Index("ix_observations_observed_at", observations.c.observed_at)

attention_asks = Table(
    "attention_asks",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("paper_id", Key, ForeignKey("papers.id"), primary_key=True),
    Column("asked_at", Instant, comment="the last answer, be it that the paper is not known there"),
    Column("claim", String(32), comment="of whoever is asking"),
    Column("claimed_until", Instant, comment="somebody is asking right now; a claim left by a crash lapses"),
)

paper_texts = Table(
    "paper_texts",
    metadata,
    Column("paper_id", Key, ForeignKey("papers.id"), primary_key=True),
    Column("kind", String(16), primary_key=True, comment="tldr"),
    Column("maker", String(64), primary_key=True, comment="who wrote it: semantic-scholar, llm"),
    Column("text", Text, nullable=False, comment="empty: the maker's answer was refused"),
    Column("question", String(32), comment="hash of what the maker was asked; null if it was not asked for words"),
    Column("made_at", Instant, nullable=False, comment="when it was first read as it is"),
    merged_from(),
)

writing_days = Table(
    "writing_days",
    metadata,
    Column("model", String(128), primary_key=True),
    Column("day", Date, primary_key=True, comment="UTC"),
    Column("asked", Integer, nullable=False, comment="counted before asking: what the budget of a day is about"),
    Column("kept", Integer, nullable=False),
    Column("refused", Integer, nullable=False, comment="answers that say what the abstract does not"),
    Column("failed", Integer, nullable=False, comment="no answer, or none that could be read"),
    Column("failure", Text, nullable=False, comment="the last one, in a line"),
    Column("rests_until", Instant, comment="nothing is asked before"),
)

features = Table(
    "features",
    metadata,
    Column("paper_id", Key, ForeignKey("papers.id"), primary_key=True),
    Column("basis", String(32), primary_key=True, comment="version of the text basis"),
    Column("blob", LargeBinary, nullable=False, comment="digest.ranking.text.Features.pack()"),
)

# ── sources ─────────────────────────────────────────────────────────────────────────────────────────────────

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

# ── subscribers ─────────────────────────────────────────────────────────────────────────────────────────────

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

# ── the outbox ──────────────────────────────────────────────────────────────────────────────────────────────

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

# ── the accepted journal, which is a file outside the database (digest/delivery/journal.py) ──────────────────

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

chores = Table(
    "chores",
    metadata,
    Column("name", String(64), primary_key=True, comment="what is done once a day by whoever comes first"),
    Column("day", Date, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("done_at", Instant, comment="null: an attempt is under way, or failed"),
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

learnt = Table(
    "learnt",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False, comment="what was learnt, as its own module packs it"),
    Column("said", Text, nullable=False, comment="the same in a line for people"),
    Column("learnt_at", Instant, nullable=False),
)

fragments = Table(
    "fragments",
    metadata,
    Column("hash", String(32), primary_key=True),
    Column("body", LargeBinary, nullable=False, comment="compressed rendered card or shell"),
    Column("used_at", Instant, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("detail", JSON, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("press_day", Date, primary_key=True),
    Column("claimed_at", Instant, nullable=False),
    Column("sent_at", Instant, comment="null: an attempt is under way, or failed"),
)

# ── what readers answer ─────────────────────────────────────────────────────────────────────────────────────

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

# ── letters: mails to one person that are no editions ───────────────────────────────────────────────────────

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
