"""The first schema, as it stood when changes began to be written down. Frozen: later changes have revisions of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_at"), "events", ["at"], unique=False)
    op.create_table(
        "fragments",
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="compressed rendered card or shell"),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_fragments")),
    )
    op.create_table(
        "http_cache",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("fetched_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_http_cache")),
    )
    op.create_table(
        "learnt",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="what was learnt, as its own module packs it"),
        sa.Column("said", sa.Text(), nullable=False, comment="the same in a line for people"),
        sa.Column("learnt_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_learnt")),
    )
    op.create_table(
        "near_keys",
        sa.Column(
            "key", sa.BigInteger(), autoincrement=False, nullable=False, comment="digest.catalog.near_text.near_keys()"
        ),
        sa.Column(
            "paper_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="may have been merged since"
        ),
        sa.Column(
            "sketch", sa.BigInteger(), autoincrement=False, nullable=False, comment="of the title of one of its records"
        ),
        sa.PrimaryKeyConstraint("key", "paper_id", "sketch", name=op.f("pk_near_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "papers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("redirect_to", KEY, nullable=True, comment="set when this paper was merged into another"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("abstract", sa.Text(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("primary_category", sa.Text(), nullable=False, comment="the first of the categories, or empty"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("code_url", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("candidate", sa.Boolean(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("announced_at", INSTANT, nullable=True),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("news_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["redirect_to"], ["papers.id"], name=op.f("fk_papers_redirect_to_papers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_papers")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_papers_news_at"), "papers", ["news_at"], unique=False)
    op.create_index(
        "ix_papers_redirect_to",
        "papers",
        ["redirect_to"],
        unique=False,
        sqlite_where=sa.text("redirect_to IS NOT NULL"),
        postgresql_where=sa.text("redirect_to IS NOT NULL"),
    )
    op.create_table(
        "provider_turns",
        sa.Column("key", sa.Text(), nullable=False, comment="one for all hosts of an operator: arxiv.org"),
        sa.Column("next_at", INSTANT, nullable=False, comment="no request before then, by anyone"),
        sa.Column("holder", sa.String(length=32), nullable=True, comment="who has the turn, or had it last"),
        sa.Column(
            "held_until", INSTANT, nullable=True, comment="the end of the holder's lease; null: the turn is free"
        ),
        sa.Column("wanted", sa.Boolean(), nullable=False, comment="somebody else was refused since it was last taken"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_provider_turns")),
    )
    op.create_table(
        "relays",
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("relay", name=op.f("pk_relays")),
    )
    op.create_table(
        "reports",
        sa.Column("press_day", sa.Date(), nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True, comment="null: an attempt is under way, or failed"),
        sa.PrimaryKeyConstraint("press_day", name=op.f("pk_reports")),
    )
    op.create_table(
        "separations",
        sa.Column("id", KEY, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_separations")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "source_cursors",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.JSON(),
            nullable=False,
            comment="whatever the source wants to remember, e.g. how far a back-fill got",
        ),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_cursors")),
    )
    op.create_table(
        "source_runs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("announced", sa.Integer(), nullable=True),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_runs")),
    )
    op.create_index("ix_source_runs_source_started_at", "source_runs", ["source", "started_at"], unique=False)
    op.create_table(
        "subscribers",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False, comment="file | store"),
        sa.Column("state", sa.String(length=16), nullable=False, comment="active | paused | gone | erased"),
        sa.Column("settings", sa.JSON(), nullable=False, comment="the last good settings"),
        sa.Column(
            "times_hash",
            sa.String(length=32),
            nullable=False,
            comment="of send times and tzdata version: stale due times recompute",
        ),
        sa.Column("next_due_at", INSTANT, nullable=True),
        sa.Column("next_edition", sa.Date(), nullable=True),
        sa.Column("last_edition", sa.Date(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True, comment="why the file could not be read, until it is mended"),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
    )
    op.create_index(op.f("ix_subscribers_next_due_at"), "subscribers", ["next_due_at"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("address", sa.Text(), nullable=False, comment="canonical form of the address"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "withdrawals",
        sa.Column("scheme", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False, comment="the provider that took its record back"),
        sa.Column("withdrawn_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("scheme", "value", "source", name=op.f("pk_withdrawals")),
    )
    op.create_table(
        "writing_days",
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="UTC"),
        sa.Column(
            "asked", sa.Integer(), nullable=False, comment="counted before asking: what the budget of a day is about"
        ),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False, comment="answers that say what the abstract does not"),
        sa.Column("failed", sa.Integer(), nullable=False, comment="no answer, or none that could be read"),
        sa.Column("failure", sa.Text(), nullable=False, comment="the last one, in a line"),
        sa.Column("rests_until", INSTANT, nullable=True, comment="nothing is asked before"),
        sa.PrimaryKeyConstraint("model", "day", name=op.f("pk_writing_days")),
    )
    op.create_table(
        "attention_asks",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("paper_id", KEY, nullable=False),
        sa.Column(
            "asked_at", INSTANT, nullable=True, comment="the last answer, be it that the paper is not known there"
        ),
        sa.Column("claim", sa.String(length=32), nullable=True, comment="of whoever is asking"),
        sa.Column(
            "claimed_until",
            INSTANT,
            nullable=True,
            comment="somebody is asking right now; a claim left by a crash lapses",
        ),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_attention_asks_paper_id_papers")),
        sa.PrimaryKeyConstraint("provider", "paper_id", name=op.f("pk_attention_asks")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("subscriber_id", sa.String(length=128), nullable=False),
        sa.Column(
            "edition",
            sa.Date(),
            nullable=False,
            comment="the reader's local date; also the press day whose books it is in",
        ),
        sa.Column(
            "trial", sa.Boolean(), nullable=False, comment="written by the files transport: never counts as sent"
        ),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("not_before", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=True),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column(
            "recipe",
            sa.LargeBinary(),
            nullable=True,
            comment="compressed digest.editions.message.Recipe: what the bytes are made from",
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was skipped, deferred, failed, held, …"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_deliveries_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("subscriber_id", "edition", "trial", name=op.f("uq_deliveries_subscriber_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_edition_state", "deliveries", ["edition", "state"], unique=False)
    op.create_index(op.f("ix_deliveries_message_id"), "deliveries", ["message_id"], unique=False)
    op.create_index("ix_deliveries_state_not_before", "deliveries", ["state", "not_before"], unique=False)
    op.create_table(
        "features",
        sa.Column("paper_id", KEY, nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False, comment="version of the text basis"),
        sa.Column("blob", sa.LargeBinary(), nullable=False, comment="digest.ranking.text.Features.pack()"),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_features_paper_id_papers")),
        sa.PrimaryKeyConstraint("paper_id", "basis", name=op.f("pk_features")),
    )
    op.create_table(
        "feedback",
        sa.Column("id", KEY, nullable=False),
        sa.Column("subscriber_id", sa.String(length=128), nullable=False),
        sa.Column("verb", sa.String(length=16), nullable=False, comment="more | less | save | mute author | mute word"),
        sa.Column("paper_id", KEY, nullable=True),
        sa.Column(
            "subject", sa.Text(), nullable=False, comment="the author or the word; empty where it is about a paper"
        ),
        sa.Column("lane", sa.Text(), nullable=True, comment="the lane that had brought the paper"),
        sa.Column("origin", sa.String(length=8), nullable=False, comment="mail | web | command"),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_feedback_paper_id_papers")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_feedback_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feedback_paper_id"), "feedback", ["paper_id"], unique=False)
    op.create_index(op.f("ix_feedback_subscriber_id"), "feedback", ["subscriber_id"], unique=False)
    op.create_table(
        "identifiers",
        sa.Column("scheme", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("paper_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_identifiers_paper_id_papers")),
        sa.PrimaryKeyConstraint("scheme", "value", "paper_id", name=op.f("pk_identifiers")),
    )
    op.create_index(op.f("ix_identifiers_paper_id"), "identifiers", ["paper_id"], unique=False)
    op.create_table(
        "observations",
        sa.Column("paper_id", KEY, nullable=False),
        sa.Column("signal", sa.String(length=32), nullable=False),
        sa.Column("observed_at", INSTANT, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("merged_from", KEY, nullable=True),
        sa.ForeignKeyConstraint(["merged_from"], ["papers.id"], name=op.f("fk_observations_merged_from_papers")),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_observations_paper_id_papers")),
        sa.PrimaryKeyConstraint("paper_id", "signal", "observed_at", name=op.f("pk_observations")),
    )
    op.create_index("ix_observations_observed_at", "observations", ["observed_at"], unique=False)
    op.create_table(
        "paper_texts",
        sa.Column("paper_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="tldr"),
        sa.Column("maker", sa.String(length=64), nullable=False, comment="who wrote it: semantic-scholar, llm"),
        sa.Column("text", sa.Text(), nullable=False, comment="empty: the maker's answer was refused"),
        sa.Column(
            "question",
            sa.String(length=32),
            nullable=True,
            comment="hash of what the maker was asked; null if it was not asked for words",
        ),
        sa.Column("made_at", INSTANT, nullable=False, comment="when it was first read as it is"),
        sa.Column("merged_from", KEY, nullable=True),
        sa.ForeignKeyConstraint(["merged_from"], ["papers.id"], name=op.f("fk_paper_texts_merged_from_papers")),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_paper_texts_paper_id_papers")),
        sa.PrimaryKeyConstraint("paper_id", "kind", "maker", name=op.f("pk_paper_texts")),
    )
    op.create_table(
        "records",
        sa.Column("id", KEY, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("paper_id", KEY, nullable=False),
        sa.Column("title_key", sa.Text(), nullable=False, comment="normalised title, for matching"),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False, comment="the entry as the provider gave it"),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("merged_from", KEY, nullable=True),
        sa.ForeignKeyConstraint(["merged_from"], ["papers.id"], name=op.f("fk_records_merged_from_papers")),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_records_paper_id_papers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_records_source")),
    )
    op.create_index(op.f("ix_records_paper_id"), "records", ["paper_id"], unique=False)
    op.create_index(op.f("ix_records_title_key"), "records", ["title_key"], unique=False)
    op.create_table(
        "separated_records",
        sa.Column("separation_id", KEY, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("side", sa.Boolean(), nullable=False, comment="records of different sides are never one paper"),
        sa.ForeignKeyConstraint(
            ["separation_id"], ["separations.id"], name=op.f("fk_separated_records_separation_id_separations")
        ),
        sa.PrimaryKeyConstraint("separation_id", "source", "key", name=op.f("pk_separated_records")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", KEY, nullable=False),
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column(
            "phase",
            sa.String(length=12),
            nullable=False,
            comment="where it ended: connect, tls, auth, mail, rcpt, data, dot, …",
        ),
        sa.Column(
            "outcome",
            sa.String(length=12),
            nullable=False,
            comment="accepted | deferred | failed | suppressed | uncertain | lost",
        ),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_attempts_delivery_id_deliveries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_delivery_id"), "attempts", ["delivery_id"], unique=False)
    op.create_table(
        "sent_papers",
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("paper_id", KEY, nullable=False),
        sa.Column("merged_from", KEY, nullable=True),
        sa.Column("subscriber_id", sa.String(length=128), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_sent_papers_delivery_id_deliveries")),
        sa.ForeignKeyConstraint(["merged_from"], ["papers.id"], name=op.f("fk_sent_papers_merged_from_papers")),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_sent_papers_paper_id_papers")),
        sa.PrimaryKeyConstraint("delivery_id", "paper_id", name=op.f("pk_sent_papers")),
    )
    op.create_index(op.f("ix_sent_papers_paper_id"), "sent_papers", ["paper_id"], unique=False)
    op.create_index(op.f("ix_sent_papers_subscriber_id"), "sent_papers", ["subscriber_id"], unique=False)
