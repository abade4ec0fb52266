"""The operator's pages of an App: who is let in, and how."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from starlette.testclient import TestClient

from digest.app import App
from tests.support.apps import Hands
from tests.support.entries import arxiv_entry
from tests.support.web import web

PASSWORD = "correct horse battery"
HERE = {"Origin": "http://localhost:8080", "Host": "localhost:8080"}
READER = "email: {0}@uni.example\nname: {0}\ntimezone: Europe/Berlin\nphrases: [sparse attention]\n"
ENTRIES = (arxiv_entry("2605.00001", "Sparse attention"),)


@contextmanager
def desk(
    folder: Path,
    *names: str,
    options: str = "password: {file: password}",
    more: str = "",
    site: str = "",
    clock: Hands | None = None,
    readers: dict[str, str] | None = None,
) -> Iterator[tuple[TestClient, App]]:
    (folder / "password").write_text(PASSWORD)
    files = {name: READER.format(name) for name in names} | (readers or {})
    with web(folder, *ENTRIES, readers=files, more=f"web: {{admin: {{{options}}}{more}}}", site=site, clock=clock) as (
        client,
        app,
    ):
        app.reread()
        yield client, app


def enter(client: TestClient, password: str = PASSWORD, **headers: str) -> httpx2.Response:
    return client.post("/admin/login", data={"password": password}, headers={**HERE, **headers})


def let_in(client: TestClient) -> dict[str, str]:
    """The headers of somebody who is let in, from one of our pages."""
    return {"Cookie": enter(client).headers["set-cookie"].split(";")[0], **HERE}
