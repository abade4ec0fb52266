"""Who a link speaks for: its own reader, as long as there is one, and nobody else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from digest.app import App
from digest.model import EditionKey
from digest.seals import FRESH_FOR
from digest.web.cache import PageCache
from digest.web.routes import Answer, Asked, Document, page
from digest.web.site import Site
from digest.web.visitor import for_readers, fresh_place, visitor
from tests.support.apps import Hands
from tests.support.entries import NOW
from tests.support.web import web

ADA = "email: ada@uni.example\ntimezone: Europe/Berlin\nphrases: [sparse attention]\n"
BOB = "email: bob@uni.example\ntimezone: Europe/Berlin\nphrases: [glaciers]\n"


def who(asked: Asked) -> Answer:
    known = visitor(asked)
    return Document(body=f"{known.id} {known.address} {known.place('x')}".encode(), media_type="text/plain")


PAGES = for_readers("who", lambda path: page(path, who))


def token_of(app: App, reader: str) -> str:
    return app.ring.sign(EditionKey(reader, dt.date(2026, 5, 19)))


def test_a_mail_s_link_speaks_for_its_reader(tmp_path: Path) -> None:
    """And shows no more of the address than tells two of one's own apart."""
    with web(tmp_path, readers={"ada": ADA, "bob": BOB}, pages=PAGES) as (client, app):
        app.reread()
        token = token_of(app, "ada")
        assert client.get(f"/f/{token}/0/who").text == f"ada a…@uni.example /f/{token}/0/x"


def test_a_fresh_link_shows_the_address_for_an_hour(tmp_path: Path) -> None:
    """Then it is too old, and says so."""
    clock = Hands(NOW)
    with web(tmp_path, readers={"ada": ADA}, pages=PAGES, clock=clock) as (client, app):
        app.reread()
        site = Site.of(app, cache=PageCache())
        place = fresh_place(site, "ada", now=NOW, page="who")
        site.close()
        assert client.get(place).text.startswith("ada ada@uni.example /me/")
        clock.now += FRESH_FOR + dt.timedelta(seconds=1)
        old = client.get(place)
        assert old.status_code == 403
        assert "too old" in old.text


def test_forged_swapped_and_orphaned_links(tmp_path: Path) -> None:
    """A token of one kind is none of the other, one changed sign breaks it, and of an erased reader nothing is left."""
    with web(tmp_path, readers={"ada": ADA, "bob": BOB}, pages=PAGES) as (client, app):
        app.reread()
        token = token_of(app, "ada")
        torn = token[:-1] + ("A" if token[-1] != "A" else "B")
        assert client.get(f"/f/{torn}/0/who").status_code == 403
        assert client.get(f"/me/{token}/who").status_code == 403
        assert client.get(f"/f/{token_of(app, 'test-1a2b')}/0/who").status_code == 404
        app.erase("ada")
        assert client.get(f"/f/{token}/0/who").status_code == 404


def test_an_id_that_looks_like_an_address_is_nobody_else_s(tmp_path: Path) -> None:
    """The token of a reader who is gone does not find the one who has that address."""
    with web(tmp_path, readers={"ada": ADA}, pages=PAGES) as (client, app):
        app.reread()
        assert client.get(f"/f/{token_of(app, 'ada@uni.example')}/0/who").status_code == 404
