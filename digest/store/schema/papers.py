"""Papers under all their names: what was told of each, what is alike, and how attention to it grew."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
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
)

from digest.store.schema.base import Instant, Key, merged_from, metadata

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
    # digest.catalog.merging.news_at() in whole seconds since 1970 (UTC), since it is read by the ten thousand.
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
