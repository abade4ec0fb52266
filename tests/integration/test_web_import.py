"""Many readers at once through a page: looked at first, then all of them or nobody."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from digest.store.acts import ActStore
from digest.web.pages.admin.imports import MOST_BYTES, MOST_READERS
from tests.support.desk import desk, let_in
from tests.support.web import dump

HEADER = "email,name,timezone,phrases,consent_at,consent_text"
EVE = "eve@uni.example,Eve,Europe/Berlin,ice; snow,2026-03-01T10:00Z,Our form"


def look(client: TestClient, inside: dict[str, str], data: bytes) -> httpx2.Response:
    return client.post("/admin/import", files={"file": ("a <b>list.csv", data, "text/csv")}, headers=inside)


def packed(page: str) -> str:
    found = re.search(r'name="list" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_list_is_looked_at_and_then_stored(tmp_path: Path) -> None:
    """The look stores nothing; the button stores all with the proof; a second press finds everybody known."""
    data = f"{HEADER}\n{EVE}\nada@uni.example,Ada,UTC,x,2026-03-01,Our form\n".encode("utf-8-sig")
    with desk(tmp_path, "ada") as (client, app):
        inside, before = let_in(client), dump(app)
        seen = look(client, inside, data)
        assert seen.status_code == 200
        assert "1 of 2 would become readers, 1 passed over" in seen.text
        assert "Line 3: ada@uni.example is the address of ada" in seen.text
        assert "a &lt;b&gt;list.csv" in seen.text
        assert dump(app) == before
        done = client.post("/admin/import", data={"list": packed(seen.text)}, headers=inside)
        assert done.headers["location"].startswith("/admin/readers?said=")
        reader = app.members.find("eve@uni.example")
        (consent,) = app.members.record(reader.subscriber.id)
        assert (consent.act, consent.text) == ("imported", "Our form")
        assert [(one.act, one.detail) for one in ActStore(app.db).latest(5)] == [("import", {"readers": 2})]
        again = client.post("/admin/import", data={"list": packed(seen.text)}, headers=inside)
        assert again.status_code == 303
        assert len(app.rooms.subscribers.all()) == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (f"{HEADER}\neve@uni,Eve,Europe/Berlim,ice,2999-01-01,\n".encode(), "4 mistakes"),
        (f"{HEADER},email\n".encode(), "stands there twice"),
        (f"{HEADER}\n{EVE}\n{EVE}\n".encode(), "stands in line 2 already"),
        (f"{HEADER}\n{EVE}\n".encode("utf-16"), "not UTF-8"),
        (f"{HEADER}\n{EVE}\nü@uni.example,Ü,UTC,x,2026-03-01,f\n".encode("latin-1"), "not UTF-8"),
        (f"{HEADER}\n{EVE}\n".replace(",", ";").encode(), "semicolons between its columns"),
        (f"{HEADER}\n".encode(), "names nobody"),
        (b"  \n", "is empty"),
        (b"\x00" * 100, "no text"),
        (b'"' * 1001, "is not CSV"),
        (f"{HEADER}\n".encode() + b"x," * 100_000, "cells instead of 6"),
        (f'{HEADER}\n{EVE}\n"{"x" * 200_000}'.encode(), "is not CSV"),
        (f"{HEADER},examples\n{EVE},secret.bib\n".encode(), "must be ids of papers"),
        (b"\n" * (4 * MOST_READERS + 1) + b"x", "more than 5,000 readers"),
        (b"x" * (MOST_BYTES + 1), "larger than 5 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_list_with_a_mistake_stores_nobody(tmp_path: Path, data: bytes, said: str) -> None:
    """Whatever is uploaded: a page that says what is wrong, no button, and a store as it was."""
    with desk(tmp_path) as (client, app):
        inside, before = let_in(client), dump(app)
        answer = look(client, inside, data)
        assert answer.status_code == 422
        assert said in answer.text
        assert 'name="list"' not in answer.text
        assert dump(app) == before


def test_what_is_confirmed_is_what_was_looked_at(tmp_path: Path) -> None:
    """A list that was not packed by us, a bent one, or one that unpacks to something huge is refused."""
    with desk(tmp_path) as (client, app):
        inside = let_in(client)
        good = packed(look(client, inside, f"{HEADER}\n{EVE}\n".encode()).text)
        raw = base64.b64decode(good)
        before = dump(app)
        for bent in (raw[:-20], bytes(16) + raw[16:], raw[:20], b"x" * 40):
            answer = client.post("/admin/import", data={"list": base64.b64encode(bent).decode()}, headers=inside)
            assert answer.status_code == 400
        assert client.post("/admin/import", data={"list": "§"}, headers=inside).status_code == 400
        assert client.post("/admin/import", data={"list": "A" * 3 * MOST_BYTES}, headers=inside).status_code == 413
        assert dump(app) == before


def test_the_sample_is_a_list_that_works(tmp_path: Path) -> None:
    """Uploaded as it was downloaded, both of its readers would be taken."""
    with desk(tmp_path) as (client, _):
        inside = let_in(client)
        sample = client.get("/admin/import/sample.csv", headers=inside)
        assert "sample.csv" in sample.headers["content-disposition"]
        assert "2 of 2 would become readers" in look(client, inside, sample.content).text
