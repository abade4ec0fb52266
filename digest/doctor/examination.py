"""The looking: everything that `digest doctor` reads, asks and tries, without judging any of it.

Nothing is changed but the providers' turns, which are taken as politely as by any other reading. All places are asked
at once and once each, so that a network that swallows everything costs :data:`PATIENCE_S` in all.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from digest.checkup import examine
from digest.config import Config, load_config
from digest.delivery.probe import ProbeReport, greet
from digest.dns import Dns, DnsError
from digest.doctor.domain import concerned, look_at_domain, nothing_seen, outward_address
from digest.doctor.patient import Certificate, Contact, DomainState, OneClick, Patient, Place, StoreState
from digest.doctor.places import places_of
from digest.doctor.reach import certificates, one_click
from digest.errors import ConfigError, SourceError, SourceRateLimited, StoreError, TransportError
from digest.settings.mail import TransportKind
from digest.signals.registry import build_signals
from digest.sources.contract.memory import MemoryLedger
from digest.sources.http import PoliteClient
from digest.sources.pace import Provider
from digest.sources.registry import build_sources
from digest.sources.turns import Ledger
from digest.store.database import Database, exists
from digest.store.health import examine as examine_store
from digest.store.learnt import FORECAST, LearntStore
from digest.store.ledger import LedgerStore
from digest.store.sources import SourceStore
from digest.store.written import WritingDay, WrittenStore

PATIENCE_S = 8.0
"""For one answer of one provider or of the mail server."""
RECENT = dt.timedelta(days=7)


def look(
    config_path: Path,
    *,
    env: Mapping[str, str],
    clock: Callable[[], dt.datetime],
    check_templates: Callable[[Config], object],
    offline: bool = False,
    dns: Callable[[], Dns] = Dns,
    own_address: Callable[[], str | None] = outward_address,
) -> Patient:
    """See how an installation is.

    Args:
        check_templates: compiles the templates; raises RenderError.
        offline: ask nobody beyond this machine.
        dns: makes what names are asked of; raises DnsError where there is nothing.
        own_address: the address that receivers see, where mails leave from this machine.
    """
    now = clock()
    checkup = examine(config_path, env=env, now=now, check_templates=check_templates)
    try:
        config = load_config(config_path, env=env)
    except ConfigError:
        return Patient(now=now, checkup=checkup, offline=offline)
    database, store = _store(config, now)
    try:
        names, unbuilt = _names(config, config_path.absolute().parent), None
    except SourceError as error:
        names, unbuilt = (), str(error)
    outside = Outside()
    try:
        if not offline:
            healthy = store.health is not None and store.health.current and not store.health.refuses_writes
            ledger: Ledger = MemoryLedger()
            if database is not None and healthy:
                ledger = LedgerStore(database)
            feeds = tuple(name for name in names if name.startswith("feed:"))
            places = places_of(config, feeds) if unbuilt is None else ()
            outside = _outside(config, places, ledger, clock, dns, own_address)
    finally:
        if database is not None:
            database.close()
    return Patient(
        now=now,
        checkup=checkup,
        config=config,
        store=store,
        sources=names,
        unbuilt=unbuilt,
        contacts=outside.contacts,
        mail=outside.mail,
        mail_failure=outside.mail_failure,
        domain=outside.domain,
        certificates=outside.certificates,
        one_click=outside.one_click,
        offline=offline,
    )


def _names(config: Config, beside: Path) -> tuple[str, ...]:
    sources = build_sources(config.sources, plugins=config.sources.plugins, beside=beside)
    signals = build_signals(config.signals, plugins=config.signals.plugins, beside=beside)
    return (*(source.name for source in sources), *(signal.watch.name for signal in signals))


# ── the store ───────────────────────────────────────────────────────────────────────────────────────────────


def _store(config: Config, now: dt.datetime) -> tuple[Database | None, StoreState]:
    """The database, if it could be opened, and how it is. A file that is not there is not made."""
    parts = urlsplit(config.store)
    file = Path(parts.path.removeprefix("/")) if parts.scheme == "sqlite" else None
    name = str(file) if file is not None else f"{parts.hostname or 'this machine'}{parts.path}"
    size, free = _room(file) if file is not None else (None, None)
    if not exists(config.store):
        return None, StoreState(name=name, exists=False, free=free)
    try:
        database = Database(config.store)
    except StoreError as error:
        return None, StoreState(name=name, failure=str(error), size=size, free=free)
    try:
        health = examine_store(database)
        store = SourceStore(database)
        current = health.current
        return database, StoreState(
            name=name,
            health=health,
            size=size,
            free=free,
            learnt=_learnt(database) if current else None,
            last_success=store.last_success() if current else {},
            latest={run.source: run for run in store.runs(since=now - RECENT, until=now)} if current else {},
            writing=_writing(database, config, now) if current else (),
        )
    except StoreError as error:
        return database, StoreState(name=name, failure=str(error), size=size, free=free)


def _writing(database: Database, config: Config, now: dt.datetime) -> tuple[WritingDay, ...]:
    llm = config.summaries.llm
    return tuple(WrittenStore(database).days(llm.model, since=(now - RECENT).date())) if llm is not None else ()


def _learnt(database: Database) -> str:
    learned = LearntStore(database).get(FORECAST)
    return learned.said if learned else "as shipped: nothing learnt from this store yet"


def _room(file: Path) -> tuple[int, int | None]:
    """Bytes of a database with its write-ahead log, and bytes that are free beside it."""
    size = 0
    for part in (file, file.with_name(file.name + "-wal")):
        with suppress(OSError):
            size += part.stat().st_size
    folder = next((folder for folder in file.absolute().parents if folder.is_dir()), None)
    try:
        return size, shutil.disk_usage(folder).free if folder is not None else None
    except OSError:
        return size, None


# ── the network ─────────────────────────────────────────────────────────────────────────────────────────────


class Outside(NamedTuple):
    """What was seen beyond this machine; nothing where nobody was to be asked."""

    contacts: tuple[Contact, ...] = ()
    mail: tuple[ProbeReport, ...] = ()
    mail_failure: str | None = None
    domain: DomainState | None = None
    certificates: tuple[Certificate, ...] = ()
    one_click: OneClick | None = None


def _outside(
    config: Config,
    places: tuple[Place, ...],
    ledger: Ledger,
    clock: Callable[[], dt.datetime],
    dns: Callable[[], Dns],
    own_address: Callable[[], str | None],
) -> Outside:
    """Everybody at once; the ledger stays in this thread."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        mail = pool.submit(_mail, config)
        domain = pool.submit(_domain, config, dns, own_address)
        shown = pool.submit(certificates, config, patience_s=PATIENCE_S)
        url = config.site.public_url
        clicked = pool.submit(one_click, url, patience_s=PATIENCE_S / 2) if url is not None else None
        contacts = asyncio.run(_ask(places, ledger, contact=config.site.contact, clock=clock))
        return Outside(contacts, *mail.result(), domain.result(), shown.result(), clicked.result() if clicked else None)


async def _ask(
    places: tuple[Place, ...], ledger: Ledger, *, contact: str, clock: Callable[[], dt.datetime]
) -> tuple[Contact, ...]:
    client = PoliteClient(
        ledger,
        contact=contact,
        timeout_s=PATIENCE_S,
        total_s=PATIENCE_S,
        patience_s=PATIENCE_S,
        attempts=1,
        clock=clock,
    )
    async with client:
        return tuple(await asyncio.gather(*(_reach(client, place, clock) for place in places)))


async def _reach(client: PoliteClient, place: Place, clock: Callable[[], dt.datetime]) -> Contact:
    """The boundary per place: whatever happens there is said of that place alone."""
    host = urlsplit(place.url).hostname or ""
    provider = Provider(
        source=place.names[0], label=place.label, host=host, pace_key=place.pace_key, pace_s=place.pace_s
    )
    try:
        answer = await client.head(place.url, provider)
    except (SourceError, StoreError) as error:
        return Contact(place=place, failure=str(error), waits=isinstance(error, SourceRateLimited))
    return Contact(place=place, clock_ahead_s=_ahead_s(answer.headers.get("date"), clock()))


def _ahead_s(date: str | None, now: dt.datetime) -> float | None:
    """Seconds that a Date header (RFC 9110 section 6.6.1, whole seconds) is ahead of ``now``."""
    try:
        told = parsedate_to_datetime(date or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    told = told.replace(tzinfo=dt.UTC) if told.tzinfo is None else told
    return (told - now).total_seconds() + 0.5


def _domain(config: Config, dns: Callable[[], Dns], own_address: Callable[[], str | None]) -> DomainState | None:
    if not concerned(config):
        return None
    try:
        return look_at_domain(config, dns(), own_address=own_address)
    except DnsError as error:
        return nothing_seen(config, str(error))


def _mail(config: Config) -> tuple[tuple[ProbeReport, ...], str | None]:
    if config.mail.transport is TransportKind.FILES:
        return (), None
    try:
        return greet(config.mail.relays, timeout_s=PATIENCE_S), None
    except TransportError as error:
        return (), str(error)
