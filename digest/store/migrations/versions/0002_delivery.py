"""What delivery asked for. Not released yet: schema changes are added here until it is (CONTRIBUTING.md)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "chores",
        sa.Column(
            "name", sa.String(length=64), nullable=False, comment="what is done once a day by whoever comes first"
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True, comment="null: an attempt is under way, or failed"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )
    op.create_table(
        "journal_files",
        sa.Column("id", sa.String(length=32), nullable=False, comment="what the file calls itself in its first line"),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="bytes of it that this database knows"),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_files")),
    )
    op.create_table(
        "journal_waiting",
        sa.Column(
            "reader",
            sa.String(length=32),
            nullable=False,
            comment="keyed hash of a reader's id that is not known here yet",
        ),
        sa.Column("edition", sa.Date(), nullable=False),
        sa.Column("fact", sa.JSON(), nullable=False, comment="the line of the journal"),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("reader", "edition", name=op.f("pk_journal_waiting")),
    )
    op.create_table(
        "journal_gaps",
        sa.Column("delivery_id", KEY, nullable=False, comment="went out, not in the journal"),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_journal_gaps_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_journal_gaps")),
    )
    op.create_table(
        "last_words",
        sa.Column(
            "subject", sa.String(length=65), nullable=False, comment="# and a keyed hash of an id or an address"
        ),
        sa.Column(
            "said",
            sa.String(length=12),
            nullable=False,
            comment="digest.store.words.Said: left, paused, back, erased, …",
        ),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("unsaid", sa.Boolean(), nullable=False, comment="not in the journal yet"),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_last_words")),
    )
    op.create_index(op.f("ix_last_words_unsaid"), "last_words", ["unsaid"], unique=False)
    op.create_table(
        "sent_names",
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("scheme", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_sent_names_delivery_id_deliveries")),
        sa.PrimaryKeyConstraint("delivery_id", "scheme", "value", name=op.f("pk_sent_names")),
    )
    op.create_index(op.f("ix_sent_names_subscriber_id"), "sent_names", ["subscriber_id"], unique=False)
    op.create_table(
        "erasures",
        sa.Column(
            "id_hash",
            sa.String(length=65),
            nullable=False,
            comment="keyed hash of the id, so that a file does not revive it",
        ),
        sa.Column("erased_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_erasures")),
    )
    op.create_table(
        "consents",
        sa.Column("id", KEY, nullable=False),
        sa.Column("subscriber_id", sa.String(length=128), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False, comment="digest.model.Act: asked, confirmed, left, …"),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False, comment="what was agreed to, or where the proof of it is"),
        sa.Column("language", sa.Text(), nullable=False, comment="of that text"),
        sa.Column(
            "recorded_at",
            INSTANT,
            nullable=False,
            comment="later than ``at`` for consent that was given elsewhere",
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_consents_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_subscriber_id"), "consents", ["subscriber_id"], unique=False)
    op.add_column(
        "subscribers",
        sa.Column(
            "address", sa.Text(), server_default="", nullable=False, comment="canonical form of the email"
        ),
    )
    op.add_column(
        "subscribers",
        sa.Column("paused_until", INSTANT, nullable=True, comment="when a paused reader wakes by themselves"),
    )
    op.add_column(
        "subscribers",
        sa.Column(
            "wanted",
            sa.JSON(),
            nullable=True,
            comment="settings that were asked for and wait to be confirmed from their address",
        ),
    )
    op.create_index(op.f("ix_subscribers_address"), "subscribers", ["address"], unique=False)
    op.create_index(op.f("ix_subscribers_paused_until"), "subscribers", ["paused_until"], unique=False)
    op.create_table(
        "allowances",
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column("slot", INSTANT, nullable=False, comment="the start of five minutes; 1970 is a row to lock"),
        sa.Column("taken", sa.Integer(), nullable=False, comment="messages that senders took the right to send"),
        sa.PrimaryKeyConstraint("relay", "slot", name=op.f("pk_allowances")),
    )
    op.create_table(
        "resting_domains",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("rests_until", INSTANT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="rests in a row; one message goes first after each"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_resting_domains")),
    )
    op.add_column(
        "deliveries",
        sa.Column(
            "domain",
            sa.Text(),
            nullable=True,
            comment="the recipient's, in ASCII and lower case; null where planned before it was kept",
        ),
    )
    op.create_table(
        "bounces",
        sa.Column("id", KEY, nullable=False),
        sa.Column("mail", sa.String(length=32), nullable=False, comment="hash of its Message-ID: it counts once"),
        sa.Column("delivery_id", KEY, nullable=False, comment="what proves it"),
        sa.Column("subscriber_id", sa.String(length=128), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="canonical form of the delivery's recipient"),
        sa.Column("kind", sa.String(length=12), nullable=False, comment="hard | soft | complaint"),
        sa.Column(
            "reason",
            sa.String(length=32),
            nullable=False,
            comment="digest.refusals.Reason, or the kind of a complaint",
        ),
        sa.Column(
            "counts", sa.Boolean(), nullable=False, comment="against the address: false where the fault is ours"
        ),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("diagnostic", sa.Text(), nullable=False, comment="the last server's words, one line"),
        sa.Column("taken_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_bounces_delivery_id_deliveries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
        sa.UniqueConstraint("mail", name=op.f("uq_bounces_mail")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bounces_delivery_id"), "bounces", ["delivery_id"], unique=False)
    op.create_index(op.f("ix_bounces_subscriber_id"), "bounces", ["subscriber_id"], unique=False)
    op.create_index(op.f("ix_bounces_address"), "bounces", ["address"], unique=False)
    op.create_table(
        "letters",
        sa.Column("id", KEY, nullable=False),
        sa.Column(
            "kind", sa.String(length=12), nullable=False, comment="digest.model.Letter: asks to join, for a link; confirm, …"
        ),
        sa.Column(
            "subscriber_id",
            sa.String(length=128),
            nullable=True,
            comment="null while it is not known whose the address is",
        ),
        sa.Column(
            "to_hash", sa.String(length=65), nullable=False, comment="keyed hash of the address, to count by"
        ),
        sa.Column("body", sa.JSON(), nullable=True, comment="what was asked for, until it is decided"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False, comment="no attempt is made after it"),
        sa.Column("next_attempt_at", INSTANT, nullable=True, comment="null: settled, as outcome says"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True, comment="sent, or why not; of a failed attempt the reason"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_letters_subscriber_id"), "letters", ["subscriber_id"], unique=False)
    op.create_index(op.f("ix_letters_to_hash"), "letters", ["to_hash"], unique=False)
    op.create_index(op.f("ix_letters_next_attempt_at"), "letters", ["next_attempt_at"], unique=False)
    op.create_table(
        "feed_addresses",
        sa.Column("subscriber_id", sa.String(length=128), nullable=False),
        sa.Column(
            "name", sa.String(length=26), nullable=False, comment="half of the address; the ring proves the other"
        ),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_feed_addresses_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_feed_addresses")),
        sa.UniqueConstraint("name", name=op.f("uq_feed_addresses_name")),
    )
