"""Which language a visitor is answered in, and what it spells its own way."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from digest import languages
from digest.editions.clean import clean
from digest.editions.templates import Templates
from digest.editions.wrap import wrap

ROOT = Path(__file__).resolve().parents[2]
every_other = pytest.mark.parametrize("tag", [tag for tag in languages.tags() if tag != languages.ENGLISH])
_PLACE = re.compile(r"%\((\w+)\)s")
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


@every_other
def test_no_message_is_missing(tag: str) -> None:
    """Of code and templates, in any catalogue, nor are there old ones: else, make translations."""
    known = {message.id for message in _catalogue(tag) if message.id and all(_strings(message)) and not message.fuzzy}
    assert known == _messages()


@every_other
def test_translations_have_the_places_of_their_messages(tag: str) -> None:
    """Each name and no other; only the form for a single one may leave out how many. Nothing else begins with %."""
    for message in _catalogue(tag):
        if not message.id:
            continue
        sources = [message.id] if isinstance(message.id, str) else list(message.id)
        wanted = {name for source in sources for name in _PLACE.findall(source)}
        for number, theirs in enumerate(_strings(message)):
            optional = {"count", "n", "number"} if len(_strings(message)) > 1 and number == 0 else set()
            found = set(_PLACE.findall(theirs))
            assert wanted - optional <= found <= wanted, theirs
            if wanted:
                assert "%" not in _PLACE.sub("", theirs).replace("%%", ""), theirs
            assert theirs.count("<") == sources[-1].count("<"), theirs


def test_the_mails_templates_look_up_what_the_catalogues_have() -> None:
    """MJML's compiler changes no message: what it made of one would be looked up, and not be found."""
    options = {"**.j2": {"trimmed": "true", "silent": "false"}}
    found = extract_from_dir(ROOT / "templates" / "mail", [("**.j2", "jinja2")], options)
    sources = {message if isinstance(message, str) else tuple(message) for _, _, message, *_ in found}
    assert set(Templates.load(ROOT / "templates").messages()) == sources


@every_other
def test_spelling_of_dates_counts_and_lists(tag: str) -> None:
    """As the language has it; the year is told once, and no date is English."""
    own = languages.language(tag)
    day = dt.date(2026, 11, 22)
    assert "2026" in own.date(day, "full")
    assert "2026" not in own.date(day, "short")
    assert "Nov" not in own.date(day, "full") or tag == "de"
    assert own.days(dt.date(2026, 11, 16), day).count("2026") == 1
    assert own.listed(["a", "b", "c"]) not in {"a, b and c", "abc"}
    assert own.compact(420) == "420"
    assert "123456" in own.compact(123_456) or len(own.compact(123_456)) < 10


def test_french_has_its_no_break_spaces() -> None:
    """Before a colon, and inside quotation marks; they survive cleaning and wrapping."""
    french = languages.language("fr")
    assert french.gettext("Why:") == "Pourquoi\u00a0:"
    quoted = french.gettext('"%(phrase)s"', phrase="KV cache")
    assert quoted == "«\u00a0KV cache\u00a0»"
    assert clean(f"  {quoted} ") == quoted
    assert wrap("Pourquoi\u00a0: " * 7).splitlines() == [" ".join(["Pourquoi\u00a0:"] * 6), "Pourquoi\u00a0:"]


def test_a_reader_is_content_with_the_language_without_its_region() -> None:
    """And with English where there is none like it."""
    assert languages.known("pt-BR") == languages.known("PT_pt") == "pt"
    assert languages.known("tlh") is None
    assert languages.of_reader("de-AT").tag == "de"
    assert languages.of_reader("tlh").tag == "en"


def _catalogue(tag: str) -> Catalog:
    with (languages.FOLDER / tag / "LC_MESSAGES" / "digest.po").open("rb") as file:
        return read_po(file, locale=tag)


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
