"""A reader's own Zotero library, asked for once: not a source of news, but of what somebody likes.

``GET /users/ID/items/top`` (or ``/groups/ID/…``), 100 a page, ``Total-Results`` says how many there are; the key goes
in a header, a ``Backoff`` or Retry-After is obeyed (https://www.zotero.org/support/dev/web_api/v3/basics). The contract
is provisional: no recording of a real answer was at hand.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from digest.bibliography.entries import Bibliography, BibliographyError
from digest.bibliography.zotero import parse_zotero
from digest.errors import SourceError
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

NAME: Final = "zotero"
LABEL: Final = "Zotero"
URL: Final = "https://api.zotero.org"
PER_PAGE: Final = 100
MOST_ITEMS: Final = 5_000
PACE_S: Final = 0.5
_LIBRARY = re.compile(r"(?:users|groups)/[0-9]{1,12}(?:/collections/[A-Z0-9]{8})?", re.ASCII)


def check_library(library: str) -> str:
    """``users/12345``, ``groups/67890``, or one of their collections.

    Raises:
        ValueError: with what it should look like.
    """
    if not _LIBRARY.fullmatch(library):
        raise ValueError(
            f"{library!r} is no Zotero library; write users/12345 or groups/12345: zotero.org/settings/keys has yours"
        )
    return library


async def read_zotero(client: PoliteClient, library: str, *, key: str | None, url: str = URL) -> Bibliography:
    """All papers of a library, at most MOST_ITEMS; a private one needs a key.

    Raises:
        SourceError: with what to do, where that is known.
    """
    host = urlsplit(url).hostname or ""
    provider = Provider(source=NAME, label=LABEL, host=host, pace_key=NAME, pace_s=PACE_S)
    try:
        check_library(library)
    except ValueError as error:
        raise SourceError(NAME, str(error)) from error
    headers = {"Zotero-API-Version": "3", **({"Zotero-API-Key": key} if key else {})}
    found, start = Bibliography(entries=()), 0
    while start < MOST_ITEMS:
        answer = await client.get(
            f"{url.rstrip('/')}/{library}/items/top",
            provider,
            params={"format": "json", "include": "data", "limit": str(PER_PAGE), "start": str(start)},
            headers=headers,
            conditional=False,
            hand_back=frozenset({403, 404}),
        )
        if answer.status == 403:
            needed = "the key may not read it" if key else "it is private: give a key, from zotero.org/settings/keys"
            raise SourceError(NAME, f"{LABEL} refused {library}: {needed}")
        if answer.status == 404:
            raise SourceError(NAME, f"{LABEL} knows no library {library}")
        try:
            page = await answer.parsed(parse_zotero)
        except BibliographyError as error:
            raise SourceError(NAME, f"{LABEL} sent something that {error}") from error
        found = replace(found, entries=(*found.entries, *page.entries))
        total = answer.headers.get("total-results", "")
        start += PER_PAGE
        if start >= (int(total) if total.isdigit() else 0):
            break
        if (backoff := answer.headers.get("backoff", "")).isdigit():
            await client.leave_alone(provider, float(backoff))
    return found
