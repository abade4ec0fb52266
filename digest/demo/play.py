"""The whole job, ingest to inbox, in a few seconds, on this machine alone. Every part is the real one but the clock."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from importlib.resources import as_file, files
from pathlib import Path

from digest.app import open_app
from digest.demo.sample import load_sample
from digest.demo.world import Clock, Mailbox, Received, mail_server, providers
from digest.model import SourceReport, Subscriber
from digest.pipeline.passing import PassReport
from digest.schedule import zone

EVENING = dt.datetime(2026, 5, 24, 21, 0, tzinfo=dt.UTC)
"""Sunday evening: the installation. The first ingest back-fills a week."""

MORNING = dt.datetime(2026, 5, 25, 9, 30, tzinfo=dt.UTC)
"""Monday, after arXiv's feeds were rebuilt."""

SENDS = tuple(dt.datetime(2026, 5, 25, *at, tzinfo=dt.UTC) for at in ((10, 0), (11, 0), (11, 30)))
"""19:00 in Tokyo, 13:00 in Berlin, 07:30 in New York."""

CONFIG = """\
# Written by digest demo: everything on this machine.
site: {{name: Paper digest, contact: demo@digest.example}}
store: sqlite:///demo.db
subscribers: readers
sources:
  arxiv:
    categories: [cs.AI, cs.CL, cs.CV, cs.LG, cs.RO, q-bio.QM]
    rss_url: "{base}"
    api_url: "{base}/api/query"
    pace: 0s
  huggingface: {{url: "{base}", days: 7, pace: 0s}}
mail:
  transport: smtp
  server: smtp://127.0.0.1:{port}
  from: Paper digest <papers@digest.example>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail that arrived, and where its files are."""

    reader: str
    local_time: str
    subject: str
    size: int
    eml: Path
    html: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    first: tuple[SourceReport, ...]
    second: tuple[SourceReport, ...]
    papers: int
    passes: tuple[tuple[dt.datetime, PassReport], ...]
    mails: tuple[Mail, ...]
    again: PassReport
    """One more pass at the end: nobody is due, nothing is sent."""


def play(folder: Path, *, step: Callable[[str], None]) -> Played:
    """Run the demo in ``folder``, which is emptied first. ``step`` is told what happens.

    Raises:
        DigestError: something failed, and says what.
    """
    sample, clock, mailbox = load_sample(), Clock(EVENING), Mailbox()
    _prepare(folder)
    with providers(sample, clock) as base, mail_server(mailbox) as port:
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(base=base, port=port), encoding="utf-8")
        with open_app(config, clock=clock, env={}) as app:
            app.reread()
            step("Sunday 21:00 UTC, first ingest: back-fill of a week through the API")
            first = app.ingest()
            clock.set(MORNING)
            step("Monday 09:30 UTC, arXiv has announced: feeds and votes")
            second = app.ingest()
            passes = []
            for moment in SENDS:
                clock.set(moment)
                app.ingest("huggingface")
                step(f"{moment:%H:%M} UTC, whoever is due")
                passes.append((moment, app.tick()))
            again = app.tick()
            papers = app.rooms.papers.count()
            readers = {known.subscriber.email: known.subscriber for known in app.rooms.subscribers.all()}
            mails = tuple(_save(folder, readers[mail.recipient], mail) for mail in mailbox.received)
    return Played(
        first=tuple(first), second=tuple(second), papers=papers, passes=tuple(passes), mails=mails, again=again
    )


def _prepare(folder: Path) -> None:
    for name in ("demo.db", "demo.db-wal", "demo.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "mails", ignore_errors=True)
    (folder / "mails").mkdir(parents=True)
    with as_file(files("digest.demo") / "data" / "readers") as readers:
        shutil.copytree(readers, folder / "readers", dirs_exist_ok=True)


def _save(folder: Path, reader: Subscriber, mail: Received) -> Mail:
    message = email.message_from_bytes(mail.data, _class=EmailMessage, policy=email.policy.default)
    html = message.get_body(("html",))
    eml = folder / "mails" / f"{reader.id}.eml"
    eml.write_bytes(mail.data)
    page = eml.with_suffix(".html")
    page.write_text(html.get_content() if html else "", encoding="utf-8")
    sent = email.utils.parsedate_to_datetime(str(message["Date"])).astimezone(zone(reader.times.timezone))
    return Mail(
        reader=reader.id,
        local_time=f"{sent:%a %H:%M} {reader.times.timezone}",
        subject=str(message["Subject"]),
        size=len(mail.data),
        eml=eml,
        html=page,
    )
