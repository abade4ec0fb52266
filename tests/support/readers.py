"""A reader of the store with a mail that went out, and the links that lead to their pages."""

from __future__ import annotations

import datetime as dt

from digest.app import App
from digest.model import EditionKey, Evidence, Frequency, Lane, SendTimes, Subscriber
from digest.seals import Seals
from tests.support.entries import NOW, arxiv_entry

TITLES = ("Sparse attention for KV cache reuse", "Glacier melting with sparse attention", "Protein design by diffusion")
PAPERS = tuple(
    arxiv_entry(f"2605.0000{n}", title, authors=(f"Ada Lovelace{'s' * n}", "Bob <b>Burger</b>"))
    for n, title in enumerate(TITLES, start=1)
)
TODAY = NOW.date()
EVE = Subscriber(
    id="r-eve",
    email="eve.moore@uni.example",
    name="Eve",
    times=SendTimes(timezone="Europe/Berlin", send=dt.time(7, 30), frequency=Frequency.DAILY),
    lanes=(Lane(name="Attention", phrases=("sparse attention",)), Lane(name="Proteins", phrases=("protein design",))),
)
ADA = "email: ada@uni.example\ntimezone: Europe/Berlin\nsend: 07:30\nfrequency: daily\nphrases: [sparse attention]\n"
"""A reader whom a file declares: ``readers={"ada": ADA}``."""


def add_reader(app: App, reader: Subscriber = EVE) -> str:
    """The token of their mails."""
    app.members.add(reader, Evidence(text="I want one mail a day."))
    return token_of(app, reader.id)


def token_of(app: App, reader_id: str, date: dt.date = TODAY) -> str:
    return app.ring.sign(EditionKey(reader_id, date))


def seal_of(app: App, reader_id: str) -> str:
    """Of a link that was just mailed."""
    return Seals(app.ring).fresh(reader_id, now=app.clock())


def send_mails(app: App) -> None:
    """Everybody's mail of today, as files beside the configuration."""
    app.tick()
