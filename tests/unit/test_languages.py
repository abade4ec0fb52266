"""Which language a visitor is answered in, and what it spells its own way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from digest import languages

ROOT = Path(__file__).resolve().parents[2]
NIGHT = dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5)))


@pytest.mark.parametrize(
    ("header", "wishes"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", ["de-AT", "de", "en"]),
        ("en;q=0.1, fr", ["fr", "en"]),
        ("de;q=0, en;q=x, *;q=0.5", ["*"]),
        ("", []),
        ("," * 5000, []),
    ],
)
def test_a_browser_s_wishes_in_their_order(header: str, wishes: list[str]) -> None:
    """The most wanted first, what is refused or nonsense left out, and no header is too long."""
    assert languages.wishes_of(header) == wishes


def test_who_wants_what_there_is_not_gets_english() -> None:
    """Also for tags that would be paths."""
    assert languages.best(["tlh", "../../etc", "x" * 999]).tag == "en"
    assert languages.language("../../etc").tag == "en"
    assert languages.best(["EN-gb"]).tag == "en"


def test_english_dates_and_numbers() -> None:
    """Day, month, year as in the mails; an instant is told by its UTC date."""
    english = languages.language("en")
    assert english.date(dt.date(2026, 11, 22)) == "22 November 2026"
    assert english.date(NIGHT, "medium") == "23 Nov 2026"
    assert english.number(12345) == "12,345"
    assert (english.name, english.direction) == ("English", "ltr")
    with pytest.raises(ValueError, match="no width"):
        english.date(NIGHT, "wide")


@pytest.mark.parametrize("tag", languages.tags())
def test_every_catalogue_can_be_read(tag: str) -> None:
    """And speaks the language that its folder says."""
    assert languages.language(tag).tag == tag


@pytest.mark.parametrize("tag", [tag for tag in languages.tags() if tag != languages.ENGLISH] or [None])
def test_no_message_is_missing(tag: str | None) -> None:
    """Of code and templates, in any catalogue, nor are there old ones: else, make translations."""
    if tag is None:
        pytest.skip("no catalogue but English")
    with (languages.FOLDER / tag / "LC_MESSAGES" / "digest.po").open("rb") as file:
        catalogue = read_po(file, locale=tag)
    known = {message.id for message in catalogue if message.id and all(_strings(message)) and not message.fuzzy}
    assert known == _messages()


def _strings(message: Message) -> Sequence[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ("",))


@cache
def _messages() -> frozenset[str | tuple[str, ...]]:
    """Every message of the program, found as `make translations` finds them."""
    code = extract_from_dir(ROOT / "digest", [("**.py", "python")])
    options = {"**.j2": {"trimmed": "true", "silent": "false"}}
    pages = extract_from_dir(ROOT / "templates", [("**.j2", "jinja2")], options)
    return frozenset(message if isinstance(message, str) else tuple(message) for _, _, message, *_ in (*code, *pages))


def test_messages_of_code_and_templates_are_found() -> None:
    """Those of the frame of every page among them."""
    assert "Skip to the content" in _messages()
