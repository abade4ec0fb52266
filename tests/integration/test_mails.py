"""Every mail, as what it is: closed, small, spoken well, and complete without style, pictures or HTML."""

from __future__ import annotations

import itertools
import re
from email import message_from_bytes

import pytest
from lxml import html as lxml_html
from lxml.html import HtmlElement

from digest.editions.message import MOST_HTML
from digest.editions.parts import PARTS
from digest.editions.wrap import columns
from digest.languages import ENGLISH, language
from tests.support.mails import ARABIC, NAMES, TEMPLATES, TRANSLATED, Mail, mail

every_mail = pytest.mark.parametrize("shown", [pytest.param(mail(name), id=name) for name in (*NAMES, *TRANSLATED)])
FETCHING = {"img", "script", "link", "iframe", "form", "object", "embed", "video", "audio", "source", "input", "base"}


SAID = frozenset(message for message in TEMPLATES.messages() if isinstance(message, str) and "%" not in message)


def elements(html: str) -> list[HtmlElement]:
    return [element for element in lxml_html.document_fromstring(html).iter() if isinstance(element.tag, str)]


def test_every_part_is_looked_at() -> None:
    """The mails of these tests are made of all the templates there are: without a part, some mail looks different."""
    seen = "".join(mail(name).html for name in NAMES)
    for part in PARTS:
        rendered = TEMPLATES.html(part, dict.fromkeys(PARTS[part], "\x00"), language(ENGLISH))
        piece = max(rendered.split("\0"), key=len)
        assert piece.strip() in seen, f"no mail here has the part {part}"


@every_mail
def test_size(shown: Mail) -> None:
    """At most 90 KB of HTML, with 30 papers too; no style sheet that Gmail would drop (8,192 characters)."""
    assert len(shown.html.encode()) <= MOST_HTML <= 90_000
    assert max(map(len, re.findall(r"<style[^>]*>(.*?)</style>", shown.html, re.DOTALL))) < 8192


@every_mail
def test_nothing_is_fetched_and_nothing_runs(shown: Mail) -> None:
    """No picture, script, frame, form or font; links lead to https or mail and to nothing else."""
    for element in elements(shown.html):
        assert element.tag not in FETCHING
        assert not {"src", "srcset", "background", "action"} & set(element.attrib)
        assert not any(name.startswith("on") for name in element.attrib)
        if (href := element.get("href")) is not None:
            assert href.startswith(("https://", "mailto:"))
    assert not re.search(r"url\(|@import|@font-face|javascript:|expression\(", shown.html, re.IGNORECASE)


@every_mail
def test_a_screen_reader_is_told_what_is_what(shown: Mail) -> None:
    """Language, title, one article, tables that are layout, headings that skip no level, links that say something."""
    every = elements(shown.html)
    root = every[0]
    spoken = message_from_bytes(shown.data)["Content-Language"]
    assert root.get("lang") == spoken
    assert root.get("dir") in (None, "auto", "ltr")
    titles = [element.text for element in every if element.tag == "title"]
    assert titles == [shown.subject]
    (article,) = (element for element in every if element.get("role") == "article")
    assert article.get("lang") == spoken
    assert article.get("aria-label")
    assert all(element.get("role") == "presentation" for element in every if element.tag == "table")
    levels = [int(str(element.tag)[1]) for element in every if re.fullmatch("h[1-6]", str(element.tag))]
    assert levels[:1] in ([], [1], [2])
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    for element in every:
        if element.tag == "a":
            assert element.text_content().strip()
        if element.get("role") == "img":
            assert element.get("aria-label")
    ids = [element.get("id") for element in every if element.get("id")]
    assert len(ids) == len(set(ids))


@every_mail
def test_foreign_words_have_a_direction(shown: Mail) -> None:
    """What may be written from right to left stands in an element that finds its own direction."""
    for element in elements(shown.html):
        if ARABIC in (element.text or "") and element.tag != "title" and element.get("role") != "article":
            ancestors = (element, *element.iterancestors())
            assert any(one.get("dir") == "auto" for one in ancestors) or element.get("aria-hidden") == "true"


@every_mail
def test_text_twin(shown: Mail) -> None:
    """72 columns, more for a link alone; no markup, no blanks at a line's end; every link, or how to do without it."""
    for line in shown.text.splitlines():
        assert columns(line) <= 72 or re.search(r"(https|mailto):\S+$", line), line
        assert line == line.rstrip()
    assert not re.search(r"&(amp|lt|gt|quot|#\d+);|</?(p|a|div|table|span|td)\b", shown.text)
    assert "\n\n\n\n" not in shown.text
    for element in elements(shown.html):
        if (href := element.get("href")) is None:
            continue
        answer = re.search(r"subject=(more|less)%20.*%2F(\d+)$", href)
        assert (f"{answer[1]} {answer[2]}" if answer else href) in shown.text


@pytest.mark.parametrize("name", TRANSLATED)
def test_no_english_is_left(name: str) -> None:
    """Of what the templates say in English nothing stands in a translated mail, but words that are the same there."""
    _, _, tag = name.rpartition("-")
    translations = {message: language(tag).gettext(message) for message in SAID}
    shown = mail(name).text
    lines = {line.strip() for line in shown.splitlines()}
    assert not {message for message, theirs in translations.items() if message in lines and theirs != message}
    assert "You get this" not in shown
    assert "-minute read" not in shown
