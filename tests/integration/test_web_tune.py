"""Tune: what can be said of one paper of a mail, and taken back; of no other paper, for no other reader."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from digest.app import App
from digest.feedback import Feedback, Origin, Verb
from digest.store.schema import deliveries
from digest.web.pages.tune import suggested
from tests.support.entries import NOW
from tests.support.readers import EVE, PAPERS, add_reader, send_mails, token_of
from tests.support.web import dump, web

Asked = tuple[TestClient, App, str]


@pytest.fixture
def tuned(tmp_path: Path) -> Iterator[Asked]:
    """A client, the App, and the address of the page of the mail's first paper."""
    with web(tmp_path, *PAPERS) as (client, app):
        token = add_reader(app)
        send_mails(app)
        client.headers["Host"] = "localhost"
        yield client, app, f"/f/{token}/1/tune"


def standing(app: App, reader: str = "r-eve") -> list[Feedback]:
    return app.rooms.feedback.of([reader], at=NOW).get(reader, [])


def test_the_page_tells_why_the_paper_came(tuned: Asked) -> None:
    """Its title, the reason of the mail and the lane; names are text."""
    client, _, place = tuned
    page = client.get(place).text
    assert "in the title" in page
    assert "Bob &lt;b&gt;Burger&lt;/b&gt;" in page
    assert "<b>Burger" not in page


@pytest.mark.parametrize("act", ["more", "less", "save"])
def test_a_word_about_the_paper(tuned: Asked, act: str) -> None:
    """Is noted with its lane, said back, and undone by the button beside it."""
    client, app, place = tuned
    answer = client.post(place, data={"do": act})
    (said,) = standing(app)
    assert answer.headers["location"] == f"{place}?said={said.id}"
    assert (said.verb, said.origin, said.paper_id is not None) == (Verb(act), Origin.WEB, True)
    assert said.lane in {lane.name for lane in EVE.lanes}
    page = client.get(answer.headers["location"]).text
    assert "Noted:" in page
    assert client.post(place, data={"do": "undo", "piece": str(said.id)}).status_code == 303
    assert standing(app) == []
    assert "Taken back:" in client.get(answer.headers["location"]).text


def test_the_later_word_replaces_the_earlier(tuned: Asked) -> None:
    """Of more and less one stands; twice the same is once."""
    client, app, place = tuned
    for act in ("more", "more", "less"):
        client.post(place, data={"do": act})
    assert [one.verb for one in standing(app)] == [Verb.LESS]


def test_mutes_are_of_what_was_offered(tuned: Asked) -> None:
    """An author of the paper, a word of its title; anything else is refused, and so is a button that is none."""
    client, app, place = tuned
    page = client.get(place).text
    word = re.findall(r'name="word" value="([^"]+)"', page)[0]
    assert client.post(place, data={"word": word}).status_code == 303
    assert client.post(place, data={"do": "mute-author", "author": "Bob <b>Burger</b>"}).status_code == 303
    assert [(one.verb, one.subject) for one in standing(app)] == [
        (Verb.MUTE_WORD, word),
        (Verb.MUTE_AUTHOR, "Bob <b>Burger</b>"),
    ]
    before = dump(app)
    for form in (
        {"word": "the"},
        {"do": "mute-author", "author": "Somebody Else"},
        {"do": "mute-author"},
        {"do": "erase"},
        {},
    ):
        assert client.post(place, data=form).status_code == 400
    assert dump(app) == before


def test_another_reader_s_piece_is_neither_shown_nor_undone(tuned: Asked) -> None:
    """Its number in the address or the form is nothing."""
    client, app, place = tuned
    add_reader(app, replace(EVE, id="r-bob", email="bob@uni.example"))
    theirs = app.rooms.feedback.give(
        "r-bob", Feedback(verb=Verb.MUTE_WORD, subject="secret", origin=Origin.WEB, given_at=NOW)
    )
    assert "secret" not in client.get(f"{place}?said={theirs.id}").text
    assert client.post(place, data={"do": "undo", "piece": str(theirs.id)}).status_code == 404
    assert len(standing(app, "r-bob")) == 1


def test_places_and_mails_that_are_not_there(tuned: Asked) -> None:
    """A place beyond the mail's last is no page; of a mail that is not kept any more it is told."""
    client, app, place = tuned
    for pick in ("0", "99", "x", "-1", "1" * 40):
        assert client.get(place.replace("/1/tune", f"/{pick}/tune")).status_code == 404
    other = token_of(app, "r-eve", dt.date(2026, 5, 1))
    assert client.get(f"/f/{other}/1/tune").status_code == 410
    with app.db.write() as connection:
        connection.execute(update(deliveries).values(recipe=None))
    assert client.get(place).status_code == 410
    assert client.post(place, data={"do": "more"}).status_code == 410
    assert standing(app) == []


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("KV cache reuse for large language models", ["KV cache", "cache reuse", "KV", "cache", "reuse", "language"]),
        ("On the method", []),
        ("注意機構", ["注意機構"]),
    ],
)
def test_words_of_a_title_that_are_worth_muting(title: str, words: list[str]) -> None:
    """Pairs before single ones; no word of those that stand in every title."""
    assert suggested(title) == words
