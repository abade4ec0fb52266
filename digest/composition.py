"""The composition root: reads the configuration once and builds everything from it. Nothing else builds anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from digest.config import Config, load_config
from digest.pipeline.rooms import Clock, Rooms
from digest.settings.mail import TransportKind
from digest.store.attention import AttentionStore
from digest.store.database import Database
from digest.store.feedback import FeedbackStore
from digest.store.fragments import FragmentStore
from digest.store.learnt import LearntStore
from digest.store.ledger import LedgerStore
from digest.store.outbox import Outbox
from digest.store.papers import PaperStore
from digest.store.sources import SourceStore
from digest.store.subscribers import SubscriberStore
from digest.store.upgrade import ensure_current
from digest.store.words import Word, witnessed
from digest.store.written import WrittenStore

if TYPE_CHECKING:
    from httpx2 import AsyncBaseTransport

    from digest.delivery.inbox import Inbox
    from digest.delivery.journal import Journal
    from digest.delivery.relays import Relay
    from digest.editions.links import Links
    from digest.editions.message import Composer
    from digest.keyring import KeyRing
    from digest.pipeline.postmark import Postmark
    from digest.pipeline.writing import Writer
    from digest.ranking.text import TextBasis
    from digest.signals.base import SignalProvider
    from digest.sources.base import Source
    from digest.sources.http import PoliteClient
    from digest.summaries.asking import Prompts


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Composition:
    """One configuration, one database, and what is built on them; what few commands need, on first use."""

    def __init__(self, config_path: Path, *, env: Mapping[str, str], clock: Clock = utc_now) -> None:
        """
        Raises:
            ConfigError: with all problems of the configuration.
            StoreError: the database cannot be opened.
        """
        self.config_path = config_path
        self._env = env
        self.clock = clock
        self.config: Config = load_config(config_path, env=env)
        self.db = Database(self.config.store)
        ensure_current(self.db)
        self.rooms = self.rooms_over(self.db)
        self.outbox = self.rooms.outbox
        self.db.before_commit = witnessed(self._witness)

    def rooms_over(self, db: Database) -> Rooms:
        """The rooms of a pipeline over a database: this one's, or the same opened for reading alone."""
        return Rooms(
            config=self.config,
            db=db,
            papers=PaperStore(db),
            sources=SourceStore(db),
            attention=AttentionStore(db),
            subscribers=SubscriberStore(db),
            outbox=Outbox(db),
            feedback=FeedbackStore(db),
            fragments=FragmentStore(db),
            learnt=LearntStore(db),
            written=WrittenStore(db),
            basis=lambda: self.basis,
            prompts=lambda: self.prompts,
            clock=self.clock,
        )

    def close(self) -> None:
        self.db.close()

    # ── what is built late, because few commands need it ────────────────────────────────────────────────────

    @cached_property
    def basis(self) -> TextBasis:
        from digest.ranking.text import TextBasis

        return TextBasis.shipped()

    @cached_property
    def prompts(self) -> Prompts:
        from digest.resources import data_path
        from digest.summaries.asking import Prompts

        return Prompts.load(data_path("templates"), override=self.config.templates)

    def writer(self) -> Writer | None:
        """Has summaries written by a language model in one pass; None where none is configured."""
        if self.config.summaries.llm is None:
            return None
        from digest.pipeline.writing import Writer
        from digest.signals.llm import ask

        return Writer(self.rooms, self.config.summaries.llm, ask=ask)

    @cached_property
    def composer(self) -> Composer:
        return self.new_composer()

    def new_composer(self, *, mark: str = "") -> Composer:
        """With the templates as they are now; ``mark`` stands before every subject.

        Raises:
            RenderError: one of them is broken.
        """
        from digest.editions.headers import address
        from digest.editions.links import ArchivedLinks, MailLinks, NoLinks, SignedLinks
        from digest.editions.message import Composer
        from digest.editions.templates import Templates
        from digest.pipeline.desk import site_info
        from digest.resources import data_path

        site = site_info(self.config)
        answers: Links = NoLinks()
        if self.config.feedback.by_mail:
            answers = MailLinks(address(site.reply_to or site.sender)[1], self.ring)
        links = SignedLinks(public_url=site.public_url, ring=self.ring, mail=answers) if site.public_url else answers
        if archive_url := self.config.site.archive_url:
            links = ArchivedLinks(links=links, archive_url=archive_url, ring=self.ring)
        palette = self.config.site.brand.palette
        templates = Templates.load(data_path("templates"), override=self.config.templates, palette=palette)
        return Composer(templates, site, links, ring=self.ring, mark=mark)

    @cached_property
    def ring(self) -> KeyRing:
        from digest.keyring import KeyRing
        from digest.store.keys import KeyStore

        keys = KeyStore(self.db).all()
        return KeyRing(keys=keys, current=list(keys)[-1])

    @cached_property
    def journal(self) -> Journal | None:
        """What went out, outside the database; None for trials, and for a database in memory: nothing to lose."""
        if self.trial or (self.db.dialect == "sqlite" and self.db.file is None):
            return None
        from digest.delivery.journal import Journal
        from digest.store.keys import KeyStore

        beside = self.db.file or self.config_path.absolute()
        folder = self.config.journal or beside.with_name(f"{beside.stem if self.db.file else 'digest'}-journal")
        return Journal(folder, key=next(iter(KeyStore(self.db).all().values())))

    def _witness(self, words: Sequence[Word]) -> bool:
        """Words are in the journal before they are committed; one that can't be written waits in the database."""
        from digest.pipeline.chronicle import bear_witness

        journal = self.journal
        return journal is not None and bear_witness(journal, words, now=self.clock())

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        from digest.sources.registry import build_sources

        sources = self.config.sources
        return build_sources(sources, plugins=sources.plugins, beside=self.config_path.parent)

    @cached_property
    def signals(self) -> tuple[SignalProvider, ...]:
        from digest.signals.registry import build_signals

        signals = self.config.signals
        return build_signals(signals, plugins=signals.plugins, beside=self.config_path.parent)

    def client(self, *, transport: AsyncBaseTransport | None = None) -> PoliteClient:
        """The polite client; ``transport`` stands in for the network, or records it."""
        from digest.sources.http import PoliteClient

        sources = self.config.sources
        return PoliteClient(
            LedgerStore(self.db),
            contact=self.config.site.contact,
            timeout_s=sources.timeout_s,
            max_bytes=sources.max_bytes,
            clock=self.clock,
            transport=transport,
        )

    @cached_property
    def postmark(self) -> Postmark:
        """Raises ConfigError: a key that should sign cannot be used."""
        from digest.delivery.tags import ReturnPath
        from digest.editions.headers import address
        from digest.pipeline.postmark import Postmark
        from digest.signing import signer

        mail = self.config.mail
        return Postmark(
            signer=signer(mail, self.config_path),
            return_path=ReturnPath(mailbox=address(mail.bounces)[1], ring=self.ring) if mail.bounces else None,
        )

    def inbox(self) -> Inbox | None:
        """The mailbox, opened; None where none is configured.

        Raises:
            TransportError: it cannot be reached.
        """
        config = self.config.mail.inbox
        if config is None:
            return None
        if config.maildir is not None:
            from digest.delivery.inbox import Maildir

            return Maildir(config.maildir)
        from digest.delivery.imap import ImapInbox, ImapSettings
        from digest.settings.inbox import parse_imap

        url = parse_imap(config.imap or "")
        return ImapInbox(
            ImapSettings(
                host=url.host,
                port=url.port,
                username=url.username,
                password=config.password or "",
                folder=url.folder,
                tls=url.tls,
                starttls=url.starttls,
                ca_file=config.ca_file,
            )
        )

    def relays(self) -> tuple[Relay, ...]:
        """The ways out, in the order in which they are used.

        Raises:
            TransportError: the options of one do not make sense.
        """
        return self._relays

    @cached_property
    def _relays(self) -> tuple[Relay, ...]:
        """Made once: they keep tokens, and what they have learnt of their servers."""
        from digest.delivery.transports import relays_of

        return relays_of(self.config.mail)

    @property
    def trial(self) -> bool:
        """The files transport writes mails nobody gets: they never count as sent."""
        return self.config.mail.transport is TransportKind.FILES
