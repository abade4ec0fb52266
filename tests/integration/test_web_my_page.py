"""My page: every act through its form, for its own reader alone; and what a link of a mail may not do."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from digest.app import App
from digest.editions.links import archived_at
from digest.feedback import Feedback, Origin, Verb
from digest.model import (
    Act,
    DeliveryState,
    EditionKey,
    Evidence,
    Frequency,
    Identifier,
    Lane,
    MailLayout,
    Mute,
    ReaderState,
    Scheme,
)
from digest.store.schema import deliveries
from digest.web.lanes_form import MOST_LANES
from tests.support.apps import FakeSource, Hands, page_of
from tests.support.entries import NOW
from tests.support.readers import ADA, EVE, PAPERS, TODAY, add_reader, seal_of, send_mails, token_of
from tests.support.web import dump, web

SITE = "public_url: https://uni.example"
TABS = ("preferences", "preferences/mail", "preferences/feedback", "preferences/editions", "preferences/data")
MAIL = {
    "do": "save",
    "frequency": "weekly",
    "weekday": "4",
    "send": "18:15",
    "timezone": "america/new_york",
    "papers": "5",
    "per_field": "2",
    "balance": "40",
    "quiet_day": "send",
    "layout": "compact",
    "language": "en",
    "name": "Eve Moore",
}
Form = dict[str, str | list[str]]


def lanes(*given: Mapping[str, str], do: str, **more: str) -> Form:
    """The form with these lanes, as a browser sends it."""
    form: Form = {"do": do, "lane": [str(n) for n in range(len(given))], **more}
    for n, lane in enumerate(given):
        for name in ("name", "phrases", "categories", "authors", "examples"):
            form[f"{name}-{n}"] = lane.get(name, "")
    return form


def stored(app: App) -> Sequence[Lane]:
    return app.members.find("r-eve").subscriber.lanes


def names_of(page: str) -> list[str]:
    return re.findall(r'name="name-\d+" value="([^"]*)"', page)


# ── lanes ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_lanes_are_saved(tmp_path: Path) -> None:
    """With what belongs to each; a lane without a name is named after its phrase, an empty one is left out."""
    with web(tmp_path, *PAPERS) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences"
        form = lanes(
            {"name": "Mine", "phrases": "KV cache\r\n sparse  attention \r\nKV cache", "categories": "CS.lg, q-bio"},
            {},
            {"authors": "Ada Lovelace\nBob Burger", "examples": "https://arxiv.org/abs/2605.00001\n10.1000/a;b"},
            do="save",
            **{"mute-words": "survey\n", "mute-authors": "Mallory", "mute-categories": "cs.CY"},
        )
        answer = client.post(base, data=form, headers={"Host": "localhost"})
        assert answer.headers["location"] == f"{base}?done=saved"
        assert "Saved." in client.get(f"{base}?done=saved").text
        eve = app.members.find("r-eve").subscriber
    examples = (Identifier(Scheme.ARXIV, "2605.00001"), Identifier(Scheme.DOI, "10.1000/a;b"))
    assert eve.lanes == (
        Lane(name="Mine", phrases=("KV cache", "sparse attention"), categories=("cs.LG", "q-bio")),
        Lane(name="Papers by Ada Lovelace and Bob Burger", authors=("Ada Lovelace", "Bob Burger"), examples=examples),
    )
    assert eve.mute == Mute(words=("survey",), authors=("Mallory",), categories=("cs.CY",))
    assert replace(eve, lanes=EVE.lanes, mute=EVE.mute) == EVE


def test_buttons_change_the_form_and_nothing_else(tmp_path: Path) -> None:
    """Up, down, remove and add; what was typed stays typed, and nothing is stored."""
    two = ({"name": "One", "phrases": "a b"}, {"name": "Two", "categories": "no such"})
    with web(tmp_path, *PAPERS) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences"
        before = dump(app)

        def after(do: str, *given: Mapping[str, str]) -> list[str]:
            answer = client.post(base, data=lanes(*(given or two), do=do), headers={"Host": "localhost"})
            assert answer.status_code == 200
            return names_of(answer.text)

        assert after("up-1") == ["Two", "One"]
        assert after("down-0") == ["Two", "One"]
        assert after("down-1") == ["One", "Two"]
        assert after("remove-0") == ["Two"]
        assert after("add") == ["One", "Two", ""]
        assert len(after("add", *[{"phrases": "x"}] * MOST_LANES)) == MOST_LANES
        assert dump(app) == before


def test_a_try_shows_what_lanes_would_bring_and_writes_nothing(tmp_path: Path) -> None:
    """Paper by paper with the reason, under the lane that brings it; a lane that brings nothing says so."""
    form = lanes({"name": "Ice", "phrases": "glacier melting"}, {"name": "Void", "phrases": "zymurgy"}, do="show")
    with web(tmp_path, *PAPERS) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences"
        before = dump(app)
        answer = client.post(base, data=form, headers={"Host": "localhost"})
        assert dump(app) == before
    brings = answer.text.partition('id="brings"')[2]
    ice, _, void = brings.partition(">Void<")
    assert "Glacier melting with sparse attention" in ice
    assert "&#34;glacier melting&#34; in the title" in ice
    assert "1 paper is close to it." in ice
    assert "No paper of the week is close to it." in void
    assert "Nothing is saved yet." in brings


def test_a_try_tells_what_mutes_keep_away(tmp_path: Path) -> None:
    """A common word silences nearly everything: that is said before it is saved."""
    form = lanes({"phrases": "sparse attention"}, do="show", **{"mute-words": "with"})
    with web(tmp_path, *PAPERS) as (client, app):
        page = client.post(f"/f/{add_reader(app)}/0/preferences", data=form, headers={"Host": "localhost"}).text
    assert "keeps 1 of 3 papers away" in page


def test_a_try_of_an_empty_store(tmp_path: Path) -> None:
    """There is nothing to show, and it says so."""
    with web(tmp_path) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences"
        answer = client.post(base, data=lanes({"phrases": "x"}, do="show"), headers={"Host": "localhost"})
    assert "No papers were read this week" in answer.text


def test_a_try_sees_what_was_read_since(tmp_path: Path) -> None:
    """The desk that all share is made anew after a source was read."""
    with web(tmp_path) as (client, app):
        base, form = f"/f/{add_reader(app)}/0/preferences", lanes({"phrases": "glacier melting"}, do="show")
        client.post(base, data=form, headers={"Host": "localhost"})
        app.__dict__["sources"] = (FakeSource("arxiv", page_of(*PAPERS)),)
        app.ingest()
        assert "Glacier melting" in client.post(base, data=form, headers={"Host": "localhost"}).text


def test_a_search_becomes_a_lane(tmp_path: Path) -> None:
    """Typed in and tried at once, saved only by the button; what a lane asks for already is not added."""
    with web(tmp_path, *PAPERS) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences"
        before = dump(app)
        answer = client.get(base, params={"q": "glacier <i>melting"})
        assert "glacier &lt;i&gt;melting</textarea>" in answer.text
        assert 'id="brings"' in answer.text
        assert len(names_of(answer.text)) == 3
        assert len(names_of(client.get(base, params={"q": "Sparse attention"}).text)) == 2
        assert dump(app) == before


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("categories-0", "cs.QQ", "cs.QQ is no category"),
        ("examples-0", "quatsch", "quatsch is no paper"),
        ("name-0", "x" * 61, "60 characters at most"),
        ("phrases-0", "\n".join(f"word {n}" for n in range(51)), "more than 50"),
        ("phrases-0", "x" * 501, "longer than 500"),
        ("mute-words", "\n".join(f"word {n}" for n in range(101)), "more than 100"),
        ("name-1", "a lane", "Two lanes have this name"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(tmp_path: Path, field: str, typed: str, told: str) -> None:
    """Nothing is saved, what was typed stays, and the field is tied to its problem."""
    form = lanes({"name": "A lane", "phrases": "x"}, {"name": "B", "phrases": "y"}, do="save") | {field: typed}
    with web(tmp_path) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences"
        answer = client.post(base, data=form, headers={"Host": "localhost"})
        assert stored(app) == EVE.lanes
    assert answer.status_code == 422
    assert told in answer.text.partition(f'id="{field}-wrong"')[2].partition("</p>")[0]
    assert f'aria-describedby="{field}-wrong' in answer.text
    assert typed.splitlines()[0] in answer.text
    assert f'href="#{field}"' in answer.text


def test_more_lanes_than_there_may_be(tmp_path: Path) -> None:
    """Are refused whole, whatever a program sends."""
    with web(tmp_path) as (client, app):
        form = lanes(*[{"phrases": "x y"}] * 40, do="save")
        answer = client.post(f"/f/{add_reader(app)}/0/preferences", data=form, headers={"Host": "localhost"})
        assert answer.status_code == 422
        assert stored(app) == EVE.lanes


def test_markup_in_settings_is_text(tmp_path: Path) -> None:
    """In names of lanes, phrases, mutes and readers, on every page of theirs."""
    evil = '"><script>alert(1)</script>'
    reader = replace(
        EVE, name=evil, lanes=(Lane(name=evil, phrases=(evil,)),), mute=Mute(words=(evil,), authors=(evil,))
    )
    with web(tmp_path, *PAPERS) as (client, app):
        token = add_reader(app, reader)
        app.rooms.feedback.give("r-eve", _piece(Verb.MUTE_WORD, subject=evil))
        for tab in TABS:
            assert "<script" not in client.get(f"/f/{token}/0/{tab}").text
        form = lanes({"name": "n", "phrases": evil}, do="show", **{"mute-categories": evil})
        assert "<script" not in client.post(f"/f/{token}/0/preferences", data=form, headers={"Host": "localhost"}).text


# ── mail and rest ───────────────────────────────────────────────────────────────────────────────────────────


def test_mail_settings_are_saved(tmp_path: Path) -> None:
    """A zone in any spelling; a box that was not ticked is no."""
    with web(tmp_path) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences/mail"
        assert client.post(base, data=MAIL, headers={"Host": "localhost"}).headers["location"] == f"{base}?done=saved"
        eve = app.members.find("r-eve").subscriber
    assert (eve.times.frequency, eve.times.weekday, eve.times.send) == (Frequency.WEEKLY, 4, dt.time(18, 15))
    assert (eve.times.timezone, eve.papers, eve.per_field, eve.balance) == ("America/New_York", 5, 2, 0.4)
    assert (eve.explore, eve.layout, eve.name) == (False, MailLayout.COMPACT, "Eve Moore")
    assert eve.lanes == EVE.lanes


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("papers", "0"), ("papers", "51"), ("papers", "²"), ("per_field", "x"), ("send", "25:00"), ("timezone", ""),
        ("timezone", "München"), ("timezone", "x" * 5000), ("frequency", "hourly"), ("balance", "-1"),
        ("language", "xx"), ("name", "x" * 101),
    ],
)  # fmt: skip
def test_wrong_mail_settings_are_told(tmp_path: Path, field: str, typed: str) -> None:
    """At their field; nothing is saved, and a town's zone is proposed."""
    with web(tmp_path) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences/mail"
        answer = client.post(base, data=MAIL | {field: typed}, headers={"Host": "localhost"})
        assert app.members.find("r-eve").subscriber == EVE
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    if typed == "München":
        assert "Europe/Berlin" in answer.text.partition('id="timezone-wrong"')[2].partition("</p>")[0]


def test_a_rest_and_its_end(tmp_path: Path) -> None:
    """A week, until a day, until further notice; each with its line on record; past days are refused."""
    with web(tmp_path) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences/mail"

        def act(**form: str) -> int:
            return client.post(base, data=form, headers={"Host": "localhost"}).status_code

        assert act(do="pause-week") == 303
        assert app.members.find("r-eve").paused_until == NOW + dt.timedelta(days=7)
        assert act(do="resume") == 303
        assert app.members.find("r-eve").state is ReaderState.ACTIVE
        assert act(do="pause-until", until="2026-06-01") == 303
        assert app.members.find("r-eve").paused_until == dt.datetime(2026, 5, 31, 22, tzinfo=dt.UTC)
        assert "No mail comes until 1 June 2026" in client.get(f"{base}?done=paused").text
        assert act(do="resume") == act(do="pause") == 303
        assert app.members.find("r-eve").paused_until is None
        assert act(do="resume") == 303
        for day in ("2026-05-20", "2020-01-01", "9999-12-31", "", "tomorrow"):
            assert act(do="pause-until", until=day) == 422
        assert app.members.find("r-eve").state is ReaderState.ACTIVE
        assert [one.act for one in app.members.record("r-eve")][1:] == [Act.PAUSED, Act.RESUMED] * 3


# ── feedback ────────────────────────────────────────────────────────────────────────────────────────────────


def _piece(verb: Verb, *, paper_id: int | None = None, subject: str = "") -> Feedback:
    return Feedback(verb=verb, paper_id=paper_id, subject=subject, origin=Origin.WEB, given_at=NOW)


def test_feedback_is_shown_and_undone(tmp_path: Path) -> None:
    """Each piece once, and only one's own: another reader's number is nothing."""
    bob = replace(EVE, id="r-bob", email="bob@uni.example")
    with web(tmp_path, *PAPERS) as (client, app):
        token = add_reader(app)
        add_reader(app, bob)
        mine = app.rooms.feedback.give("r-eve", _piece(Verb.MORE, paper_id=1))
        theirs = app.rooms.feedback.give("r-bob", _piece(Verb.MUTE_WORD, subject="secret of Bob"))
        base = f"/f/{token}/0/preferences/feedback"
        page = client.get(base).text
        assert "More like this" in page
        assert "counts 100 %" in page
        assert "secret of Bob" not in page
        local = {"Host": "localhost"}
        assert client.post(base, data={"do": "undo", "piece": str(theirs.id)}, headers=local).status_code == 404
        assert client.post(base, data={"do": "undo", "piece": "9" * 30}, headers=local).status_code == 404
        assert client.post(base, data={"do": "undo", "piece": str(mine.id)}, headers=local).status_code == 303
        assert app.rooms.feedback.of(["r-eve"], at=NOW) == {}
        assert len(app.rooms.feedback.of(["r-bob"], at=NOW)["r-bob"]) == 1
        assert "taken back" in client.get(base).text


def test_saved_papers_for_a_reference_manager(tmp_path: Path) -> None:
    """The list, as BibTeX and as RIS; and of any paper by its own address."""
    with web(tmp_path, *PAPERS) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences"
        assert client.get(f"{base}/saved.bib").text == ""
        app.rooms.feedback.give("r-eve", _piece(Verb.SAVE, paper_id=1))
        assert TITLE_ONE in client.get(f"{base}/feedback").text
        bib, ris = client.get(f"{base}/saved.bib"), client.get(f"{base}/saved.ris")
        assert bib.headers["content-disposition"] == 'attachment; filename="saved.bib"'
        assert bib.headers["cache-control"] == "no-store"
        assert "eprint = {2605.00001}" in bib.text
        assert f"TI  - {TITLE_ONE}" in ris.text
        one = client.get("/paper/2605.00002.bib")
        assert "Glacier melting" in one.text
        assert one.headers["content-disposition"].endswith('filename="lovelacess2026glacier.bib"')
        assert client.get("/paper/2605.99999.ris").status_code == 404


TITLE_ONE = PAPERS[0].title


# ── past mails, data ────────────────────────────────────────────────────────────────────────────────────────


def test_past_mails_are_listed(tmp_path: Path) -> None:
    """With their subject and a link that belongs to the mail; those of others are not."""
    with web(tmp_path, *PAPERS) as (client, app):
        token = add_reader(app)
        add_reader(app, replace(EVE, id="r-bob", email="bob@uni.example"))
        send_mails(app)
        with app.db.write() as connection:
            connection.execute(update(deliveries).values(trial=False, state=DeliveryState.ACCEPTED))
        page = client.get(f"/f/{token}/0/preferences/editions").text
        assert page.count("/0/read") == 1
        assert f"/f/{token}/0/read" in page
        assert "20 May 2026" in page


def test_a_link_of_a_mail_may_not_do_what_cannot_be_taken_back(tmp_path: Path) -> None:
    """No export, no erasing, no other address; it offers a fresh link, which goes to the reader's own address."""
    with web(tmp_path, *PAPERS, site=SITE) as (client, app):
        base = f"/f/{add_reader(app)}/0/preferences"
        for name in ("export.json", "export.zip", "erase"):
            answer = client.get(f"{base}/{name}")
            assert (answer.status_code, answer.headers["location"]) == (303, f"{base}/data")
        assert client.post(f"{base}/erase", data={"word": "erase"}).status_code == 409
        assert client.post(f"{base}/data", data={"do": "address", "email": "m@evil.example"}).status_code == 409
        assert app.members.find("r-eve").subscriber == EVE
        assert app.members.wanted("r-eve") is None
        assert EVE.email not in client.get(f"{base}/data").text
        assert client.post(f"{base}/data", data={"do": "link"}).headers["location"] == f"{base}/data?done=mailed"
        assert app.letters.waiting() == 1


def test_an_export_has_everything_and_nothing_of_others(tmp_path: Path) -> None:
    """As JSON, and as a ZIP with the mails."""
    with web(tmp_path, *PAPERS) as (client, app):
        add_reader(app)
        add_reader(app, replace(EVE, id="r-bob", email="bob@uni.example", name="Bobby"))
        send_mails(app)
        app.rooms.feedback.give("r-eve", _piece(Verb.MUTE_WORD, subject="my word"))
        app.rooms.feedback.give("r-bob", _piece(Verb.MUTE_WORD, subject="word of his"))
        base = f"/me/{seal_of(app, 'r-eve')}/preferences"
        plain, packed = client.get(f"{base}/export.json"), client.get(f"{base}/export.zip")
    told = json.loads(plain.text)
    assert plain.headers["cache-control"] == "no-store"
    assert told["settings"]["email"] == EVE.email
    assert told["consents"][0]["text"] == "I want one mail a day."
    assert [one["subject"] for one in told["feedback"]] == ["my word"]
    assert len(told["editions"]) == 1
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        assert sorted(name.partition("/")[0] for name in archive.namelist()) == ["data.json", "mails"]
    for foreign in (b"bob@uni.example", b"Bobby", b"word of his", b"r-bob"):
        assert foreign not in everything
        assert foreign not in plain.content


def test_erasing_takes_two_steps_and_leaves_only_keyed_hashes(tmp_path: Path) -> None:
    """Without the word nothing happens; after it nothing in the store says who they were, and every link is dead."""
    with web(tmp_path, *PAPERS) as (client, app):
        token = add_reader(app)
        send_mails(app)
        app.rooms.feedback.give("r-eve", _piece(Verb.SAVE, paper_id=1))
        base, local = f"/me/{seal_of(app, 'r-eve')}/preferences", {"Host": "localhost"}
        before = dump(app)
        assert "type: erase" in client.get(f"{base}/erase").text
        wrong = client.post(f"{base}/erase", data={"word": "yes"}, headers=local)
        assert (wrong.status_code, "word-wrong" in wrong.text) == (422, True)
        assert dump(app) == before
        assert "Everything is erased" in client.post(f"{base}/erase", data={"word": " Erase "}, headers=local).text
        left = "\n".join(dump(app))
        assert "eve.moore" not in left
        assert "r-eve" not in left
        assert client.get(f"{base}/data").status_code == 404
        assert client.get(f"/f/{token}/0/preferences").status_code == 404
        assert client.post(f"{base}/erase", data={"word": "erase"}, headers=local).status_code == 404


def test_the_log_names_the_archive_s_pages_of_who_was_erased(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By their secret names, which are all that could find them later; and not the reader."""
    with web(tmp_path, *PAPERS, site=f"{SITE}, archive_url: https://uni.example/archive") as (client, app):
        add_reader(app)
        send_mails(app)
        place = archived_at(app.ring, EditionKey("r-eve", TODAY))
        client.post(f"/me/{seal_of(app, 'r-eve')}/preferences/erase", data={"word": "erase"})
    assert place in caplog.text
    assert "r-eve" not in caplog.text


def test_another_address_waits_for_its_owner(tmp_path: Path) -> None:
    """The answer is the same whoever has it; nothing changes but by a link that went there."""
    bob = replace(EVE, id="r-bob", email="bob@uni.example")
    with web(tmp_path, site=SITE) as (client, app):
        add_reader(app)
        add_reader(app, bob)
        base = f"/me/{seal_of(app, 'r-eve')}/preferences/data"
        for email in ("new@uni.example", "bob@uni.example"):
            answer = client.post(base, data={"do": "address", "email": email})
            assert answer.headers["location"] == f"{base}?done=asked"
        wanted = app.members.wanted("r-eve")
        assert wanted is not None
        assert wanted.email == "new@uni.example"
        assert app.members.find("r-eve").subscriber.email == EVE.email
        assert client.post(base, data={"do": "address", "email": "not an address"}).status_code == 422


# ── who may ─────────────────────────────────────────────────────────────────────────────────────────────────


def _everything(client: TestClient, base: str) -> list[int]:
    """Every form of a reader's pages, sent once."""
    forms: list[tuple[str, Form]] = [
        ("preferences", lanes({"phrases": "z"}, do="save")),
        ("preferences/mail", {**MAIL}),
        ("preferences/mail", {"do": "pause-week"}),
        ("preferences/feedback", {"do": "undo", "piece": "1"}),
        ("preferences/data", {"do": "link"}),
        ("preferences/erase", {"word": "erase"}),
    ]
    return [client.post(f"{base}/{place}", data=form).status_code for place, form in forms]


def test_forged_tokens_and_other_sites_change_nothing(tmp_path: Path) -> None:
    """A token with another reader's name in it, a seal for another purpose, a form from elsewhere."""
    with web(tmp_path, *PAPERS, site=SITE) as (client, app):
        token = add_reader(app)
        add_reader(app, replace(EVE, id="r-bob", email="bob@uni.example"))
        app.rooms.feedback.give("r-eve", _piece(Verb.SAVE, paper_id=1))
        key, _, mac = token.split(".")
        swapped = f"{key}.{token_of(app, 'r-bob').split('.')[1]}.{mac}"
        before = dump(app)
        assert set(_everything(client, f"/f/{swapped}/0")) == {403}
        assert set(_everything(client, f"/me/{token}")) == {403}
        client.headers["Origin"] = "https://evil.example"
        assert set(_everything(client, f"/f/{token}/0")) == {403}
        assert set(_everything(client, f"/me/{seal_of(app, 'r-eve')}")) == {403}
        assert dump(app) == before


def test_get_and_head_change_nothing(tmp_path: Path) -> None:
    """Every page under both kinds of link, with every parameter that a scanner may carry along."""
    with web(tmp_path, *PAPERS) as (client, app):
        token = add_reader(app)
        send_mails(app)
        app.rooms.feedback.give("r-eve", _piece(Verb.SAVE, paper_id=1))
        before = dump(app)
        places = [*TABS, *(f"preferences/{name}" for name in ("saved.bib", "saved.ris", "export.json", "export.zip"))]
        for base in (f"/f/{token}/0", f"/me/{seal_of(app, 'r-eve')}"):
            for place in (*places, "preferences/erase"):
                for query in ("", "?do=save&piece=1&word=erase&done=saved&q=x&page=9"):
                    assert client.get(f"{base}/{place}{query}").status_code in {200, 303}
                    assert client.head(f"{base}/{place}{query}").status_code in {200, 303}
        for query in ("", "?said=1&do=more&word=attention"):
            assert client.get(f"/f/{token}/1/tune{query}").status_code == 200
            assert client.head(f"/f/{token}/1/tune{query}").status_code == 200
        assert dump(app) == before


def test_what_a_file_declares_is_changed_there(tmp_path: Path) -> None:
    """It is shown, with that word; feedback, a rest with an end and the export work."""
    with web(tmp_path, *PAPERS, readers={"ada": ADA}) as (client, app):
        app.reread()
        token, local = token_of(app, "ada"), {"Host": "localhost"}
        base = f"/f/{token}/0/preferences"
        settings = app.members.find("ada").subscriber
        assert "kept in a file" in client.get(base).text
        assert "sparse attention" in client.get(base).text
        assert client.post(base, data=lanes({"phrases": "z"}, do="save"), headers=local).status_code == 409
        assert client.post(f"{base}/mail", data=MAIL, headers=local).status_code == 409
        assert client.post(f"{base}/mail", data={"do": "pause"}, headers=local).status_code == 409
        fresh = f"/me/{seal_of(app, 'ada')}/preferences"
        moved = client.post(f"{fresh}/data", data={"do": "address", "email": "x@uni.example"}, headers=local)
        assert moved.status_code == 409
        assert app.members.find("ada").subscriber == settings
        assert client.post(f"{base}/mail", data={"do": "pause-week"}, headers=local).status_code == 303
        assert app.members.find("ada").state is ReaderState.PAUSED
        assert client.get(f"{fresh}/export.json").status_code == 200


def test_who_left_is_told_so_and_changes_nothing(tmp_path: Path) -> None:
    """Their pages stay, without forms, and with the way back."""
    with web(tmp_path, *PAPERS) as (client, app):
        token = add_reader(app)
        app.members.leave("r-eve", Evidence())
        base, local = f"/f/{token}/0/preferences", {"Host": "localhost"}
        page = client.get(base).text
        assert "You have unsubscribed" in page
        assert f"/f/{token}/0/undo" in page
        assert client.post(base, data=lanes({"phrases": "z"}, do="save"), headers=local).status_code == 409
        assert client.post(f"{base}/mail", data=MAIL, headers=local).status_code == 409
        assert client.post(f"{base}/mail", data={"do": "pause-week"}, headers=local).status_code == 409
        assert stored(app) == EVE.lanes


def test_below_a_prefix(tmp_path: Path) -> None:
    """Every address of the pages has it."""
    with web(tmp_path, *PAPERS, site="public_url: https://uni.example/papers") as (client, app):
        token = add_reader(app)
        for tab in TABS:
            page = client.get(f"/papers/f/{token}/0/{tab}").text
            assert not re.search(r'(?:href|action|formaction)="/(?!papers/)', page)


def test_a_fresh_link_that_is_too_old(tmp_path: Path) -> None:
    """Says so, and does nothing any more."""
    clock = Hands(NOW)
    with web(tmp_path, *PAPERS, clock=clock) as (client, app):
        add_reader(app)
        base = f"/me/{seal_of(app, 'r-eve')}/preferences"
        clock.now += dt.timedelta(hours=2)
        answer = client.post(f"{base}/erase", data={"word": "erase"}, headers={"Host": "localhost"})
        assert (answer.status_code, "too old" in answer.text) == (403, True)
        assert app.members.find("r-eve").subscriber == EVE
