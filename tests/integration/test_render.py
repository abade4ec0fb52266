"""The whole mail, drawn with the shipped templates: complete, safe, small; and what a broken template says."""

from __future__ import annotations

import datetime as dt
import email
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from email import policy
from html import unescape
from pathlib import Path
from typing import Any

import mjml
import pytest
from lxml import html as lxml_html
from markupsafe import Markup

from digest.camera import chromium, screenshot
from digest.editions import samples
from digest.editions.blocks import Block, Draft
from digest.editions.content import EditionContent, MissedView, SourceHealth
from digest.editions.letters import Confirm
from digest.editions.message import Composed, Composer
from digest.editions.recipe import assemble, part_html, part_text
from digest.editions.templates import MAILS, PARTS, Templates
from digest.editions.wrap import columns
from digest.errors import RenderError
from digest.languages import language
from digest.model import MailLayout, Section, Summary
from digest.palette import Palette, contrast
from digest.resources import data_path
from tests.support.edition import EDITION, NOW, QUIET, READER, SITE, WEEKLY, many, paper, view, with_paper

BUILTIN = data_path("templates")
TEMPLATES = Templates.load(BUILTIN)
ENGLISH = language("en")
EDITIONS = {
    "full": EDITION,
    "quiet": QUIET,
    "one": replace(EDITION, picks=(view(1),), missed=(), health=()),
    "notice": replace(EDITION, notice="Trial: this counts as nothing sent."),
    "compact": replace(EDITION, subscriber=replace(READER, layout=MailLayout.COMPACT)),
    "weekly": replace(EDITION, subscriber=WEEKLY),
    "weekly-quiet": replace(QUIET, subscriber=WEEKLY),
    "welcome": replace(EDITION, welcome=True, site=replace(SITE, logo="ADA / DIGEST", imprint="Institute of X · Town")),
    "thirty": replace(EDITION, picks=many(30)),
}


def drawn(content: EditionContent, templates: Templates = TEMPLATES) -> tuple[str, str]:
    composed = Composer(templates, SITE).compose(content)
    return part_html(composed.recipe, composed.fragments), part_text(composed.recipe, composed.fragments)


def without_gaps(html: str) -> str:
    """HTML with white space that shows as nothing taken out."""
    return re.sub(r"\s+", " ", re.sub(r"\s*(<[^>]*>)\s*", r"\1", html)).strip()


def plain(draft: Draft, templates: Templates = TEMPLATES) -> str:
    """A mail drawn the plain way: Jinja over MJML, and then MJML, for this reader alone."""

    def drawn_alone(block: Block, body: str = "") -> str:
        given = {**dict.fromkeys(PARTS[block.part], ""), **dict(block.fixed), **block.holes}
        whole = {**given, "body": Markup(f"</mj-raw>{body}<mj-raw>")} if body else given
        return templates.mjml(block.part, whole, draft.language)

    return mjml.mjml2html(drawn_alone(draft.shell, "".join(map(drawn_alone, draft.body))), fonts={})


@pytest.mark.parametrize("content", EDITIONS.values(), ids=EDITIONS)
def test_compiled_once_equals_the_plain_way(content: EditionContent) -> None:
    """Filling holes in compiled, cached parts gives what Jinja over MJML and then MJML gives for each reader."""
    draft = Composer(TEMPLATES, SITE).layout(content)
    assert without_gaps(plain(draft)) == without_gaps(drawn(content)[0])


class Watched(Composer):
    """A composer that tells the last draft it drew."""

    last: Draft

    def _composed(self, draft: Draft, *rest: Any, **more: Any) -> Composed:
        self.last = draft
        return super()._composed(draft, *rest, **more)


@pytest.mark.parametrize("make", [samples.compose, samples.compose_hostile], ids=["calm", "hostile"])
@pytest.mark.parametrize("mail", MAILS)
def test_every_mail_is_whole(mail: str, make: Callable[..., Composed]) -> None:
    """Every mail of the sample: equal to the plain way, safe, within 72 columns, with a subject on one line."""
    composer = Watched(TEMPLATES, SITE)
    composed = make(composer, mail, SITE, NOW)
    html, text = (part(composed.recipe, composed.fragments) for part in (part_html, part_text))
    assert without_gaps(plain(composer.last)) == without_gaps(html)
    tree = lxml_html.fromstring(html)
    assert tree.get("lang") == "en"
    assert [element.tag for element in tree.iter("h1")] == ["h1"]
    assert {table.get("role") for table in tree.iter("table")} == {"presentation"}
    assert not {"img", "script", "link", "iframe", "form", "object"} & {element.tag for element in tree.iter()}
    assert all(link.get("href", "").startswith(("https://", "mailto:")) for link in tree.iter("a"))
    assert not any(attribute.startswith("on") for element in tree.iter() for attribute in element.attrib)
    for line in text.splitlines():
        assert columns(line) <= 72 or re.search(r"(https|mailto):\S+$|x{80}", line), line
        assert line == line.rstrip()
    assert 5 < len(composed.recipe.subject) <= 250
    assert composed.recipe.subject.isprintable()
    assert len(html.encode()) < 102_400
    message = email.message_from_bytes(assemble(composed.recipe, composed.fragments), policy=policy.default)
    assert not message.defects
    is_edition = mail in {"daily", "weekly", "welcome"}
    assert ("List-Unsubscribe" in message, message["Precedence"] == "bulk") == (is_edition, is_edition)
    assert message["Auto-Submitted"] == "auto-generated"


def test_letters_have_their_own_names() -> None:
    """Two letters to one person differ in Message-ID; the same one again has the same."""
    composer = Composer(TEMPLATES, SITE)

    def sent(at: dt.datetime, mail: str = "confirm") -> str:
        return samples.compose(composer, mail, SITE, at).recipe.message_id

    assert sent(NOW) == sent(NOW)
    assert len({sent(NOW), sent(NOW + dt.timedelta(seconds=1)), sent(NOW, "goodbye")}) == 3


def test_a_letter_needs_a_link_that_works() -> None:
    """A confirmation without a usable link is refused: it would be a mail that asks for nothing."""
    content = Confirm(
        subscriber=READER, site=SITE, sent_at=NOW, confirm_url="javascript:x", valid_for=dt.timedelta(hours=1)
    )
    with pytest.raises(RenderError, match="is no link"):
        Composer(TEMPLATES, SITE).confirm(content)


def test_order_of_the_mail() -> None:
    """People you follow, each lane, trending, outside, just missed, sources, how to leave; in both versions."""
    marks = """
        Ada's papers | 10 of 298 new | From people you follow | part 1: | Sparse attention | part 2: | part 5:
        | Proteins | part 6: | Trending | part 8: | Outside your lanes | part 10: | Just missed | number 2
        | arXiv 312/312 | Hugging Face did not answer | You get this because | nsubscribe%20ada
    """
    html, text = drawn(EDITION)
    for version in (unescape(html.split('role="article"', 1)[1]), text):
        at = 0
        for mark in marks.split("|"):
            at = version.find(mark.strip(), at)
            assert at >= 0, f"{mark} is missing or out of place"
    assert "number 3" not in text  # three titles, the rest is not news


def test_html_is_small_closed_and_accessible() -> None:
    """Under 90 KB, at most 4 KB a card; tables are layout, links are https or mailto, nothing is fetched."""
    html, _ = drawn(EDITION)
    assert len(html.encode()) < 90_000
    card = next(block for block in Composer(TEMPLATES, SITE).layout(EDITION).body if block.part == "card")
    assert len(TEMPLATES.html("card", {**dict(card.fixed), **card.holes}, ENGLISH).encode()) < 4096
    assert (
        max(len(style) for style in re.findall(r"<style.*?</style>", html, re.DOTALL)) < 8192
    )  # Gmail drops longer ones
    tree = lxml_html.fromstring(html)
    assert tree.get("lang") == "en"
    assert {table.get("role") for table in tree.iter("table")} == {"presentation"}
    assert not {"img", "script", "link", "iframe", "form", "object"} & {element.tag for element in tree.iter()}
    for link in tree.iter("a"):
        assert link.get("href", "").startswith(("https://", "mailto:"))
        assert link.text_content().strip()
    assert [element.tag for element in tree.iter("h2", "h3")][:3] == ["h2", "h3", "h2"]
    assert tree.xpath("//meta[@name='color-scheme']/@content") == ["light dark"]
    assert "url(" not in html
    assert "@import" not in html


@pytest.mark.parametrize("content", EDITIONS.values(), ids=EDITIONS)
def test_text_twin_keeps_to_72_columns(content: EditionContent) -> None:
    """Only a URL may be wider, it stands alone, and no line ends in blanks or holds markup."""
    for line in drawn(content)[1].splitlines():
        assert columns(line) <= 72 or re.search(r"(https|mailto):\S+$", line)
        assert line == line.rstrip()
        assert "&amp;" not in line


HOSTILE = [
    "<script>alert(1)</script>",
    "--><![endif]--><b>x</b>",
    "{{ 7 * 7 }}{% raw %}",
    "%%%%card%%%%",
    "\x1fbody\x1f\x1e",
    "a\r\n.\r\nQUIT",
    "\u202eevil\u2066",
    '" onmouseover="x',
    "</mj-raw></mj-body>",
    "=?utf-8?q?x?= =3D",
    "漢字" * 400,
    "x" * 100_000,
    "مقاله‌ای دربارهٔ توجه",
    "",
]


@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_only_shown(title: str) -> None:
    """Whatever a title, a reason or an author says, it adds no element, no attribute and no endless line."""
    calm = drawn(with_paper(paper(7, "calm"), reason="calm"))[0]
    changed = replace(paper(7, title), authors=(title, title, title), categories=(title,))
    content = replace(with_paper(changed, reason=title or "calm"), notice=None)
    html, text = drawn(content)

    def shape(source: str) -> list[tuple[str, tuple[str, ...]]]:
        return [(str(e.tag), tuple(e.attrib)) for e in lxml_html.fromstring(source).iter() if isinstance(e.tag, str)]

    assert shape(html) == shape(calm)
    assert len(html) < len(calm) + 8_000
    assert not set("\x1e\x1f\r\u202e\u2066") & set(html + text)
    if title == HOSTILE[2]:
        assert "{{ 7 * 7 }}" in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://arxiv.org@evil.example/", "https:///abs/1", "ftp://x.example/"]
)
def test_refused_link_leaves_the_title(url: str) -> None:
    """A paper whose link may not be shown is still shown."""
    html, text = drawn(with_paper(paper(2, "A title without a link", url)))
    assert "A title without a link" in html
    assert url not in html + text
    assert "A title without a link" in text


def test_quiet_day_shows_the_evidence() -> None:
    """Without picks the mail says so, why, and which sources were read; health stands there and not in the footer."""
    html, text = drawn(QUIET)
    for version in (html, text):
        for words in (
            "Nothing new for you today",
            "298 papers were new",
            "close enough to your lanes",
            "arXiv 312/312",
        ):
            assert words in version
        assert version.count("Hugging Face did not answer") == 1
        assert "Closest to your interests" in version
    nothing = drawn(replace(QUIET, considered=0, missed=()))[1]
    assert nothing.count("No paper was announced that you have not had already.") == 1


def test_a_quiet_mail_before_the_first_reading_claims_no_proof() -> None:
    """Without a source to show, the mail says that none was read instead of announcing a list."""
    for version in drawn(replace(QUIET, considered=0, missed=(), health=())):
        assert "No source has been read yet." in version
        assert "how we know" not in version


def test_unnamed_lane_still_has_a_heading() -> None:
    """A pick of a reader without lanes stands below plain words."""
    assert "── For you" in drawn(replace(EDITION, picks=(view(1, Section.LANE),)))[1]


# ── kinds, layouts, sizes ───────────────────────────────────────────────────────────────────────────────────


def test_weekly_mail_speaks_of_the_week() -> None:
    """A weekly reader's mail names its span; a quiet one says that nothing was new this week."""
    for version in drawn(EDITIONS["weekly"]):
        assert "This week · 16–22 November 2026" in version
    for version in drawn(EDITIONS["weekly-quiet"]):
        assert "Nothing new for you this week" in version
        assert "today" not in version


def test_compact_mail_shows_one_sentence() -> None:
    """Compact is title, byline, one sentence and reason, without votes or code; a maker of the sentence stays named."""
    for version in drawn(EDITIONS["compact"]):
        for words in ("part 7", "Grace Hopper", "We propose a kernel", "Why:", "arxiv.org/abs/2611.00007"):
            assert words in version
        for words in ("On twelve tasks", "▲", "Code"):
            assert words not in version
    first = EDITION.picks[0]
    made = replace(EDITIONS["compact"], picks=(replace(first, summary=Summary("A.", "B.", by="A Model")),))
    assert "A. (TLDR by A Model)" in drawn(made)[1]


def test_first_mail_opens_with_a_welcome() -> None:
    """The welcome says when mails come and what they look for, before the first picks; then the imprint at the end."""
    for version in drawn(EDITIONS["welcome"]):
        words = " ".join(unescape(version).split())
        welcome, picks, imprint = (words.rindex(w) for w in ("Welcome", "part 1:", "Institute of X · Town"))
        assert welcome < picks < imprint
        assert "at 07:30 (Europe/Berlin)" in words
        assert "ADA / DIGEST" in words


def test_a_day_of_thirty_papers_is_shown_whole() -> None:
    """Thirty ordinary cards fit without losing a word."""
    html, text = drawn(EDITIONS["thirty"])
    assert len(html.encode()) <= 90_000
    assert html.count("On twelve tasks") == 30
    assert "cut off" not in html + text


UNBROKEN = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 6
ABSTRACT = Summary("漢字かな交じり文" * 60, "A second sentence that says a little more than the first one did. " * 8)


@pytest.mark.parametrize("form", MailLayout)
@pytest.mark.parametrize("number", [30, 50])
def test_too_large_a_mail_loses_summaries_from_the_last_card(form: MailLayout, number: int) -> None:
    """Over 90 KB the last cards lose sentences first; titles, bylines, reasons and links stay, and the mail says so."""
    picks = tuple(replace(view, summary=ABSTRACT) for view in many(number, UNBROKEN))
    html, text = drawn(replace(EDITION, picks=picks, subscriber=replace(READER, layout=form)))
    assert 60_000 < len(html.encode()) <= 90_000
    assert html.count("</h3>") == number
    assert html.count("Why:") == number
    assert html.count("Grace Hopper") == number
    assert html.count('href="https://arxiv.org/abs/2611.000') == number
    kept = [("漢字" in card, "second sentence" in card) for card in html.split("<h3")[1:]]
    assert kept == sorted(kept, reverse=True)
    assert not all(first for first, _ in kept)
    left = sum(not first for first, _ in kept)
    for version in (html, text):
        assert f"{left} papers are shown without a summary" in " ".join(version.split())


@pytest.mark.parametrize("words", ["漢字" * 150, "&" * 300, "👩‍🔬 " * 70, "x" * 2000])
def test_no_mail_is_ever_clipped(words: str) -> None:
    """Fifty papers made of nothing but the longest words still stay below what Gmail cuts off."""
    url = "https://example.org/" + "x" * 1900
    hostile = tuple(
        replace(
            view,
            pick=replace(view.pick, reason=words),
            paper=replace(view.paper, title=words, authors=(words,) * 3, categories=(words,), url=url, code_url=url),
            summary=Summary(words * 3, words),
        )
        for view in many(50)
    )
    missed = tuple(MissedView(words, url, words) for _ in range(3))
    health = tuple(SourceHealth(words, n % 2 == 0, words) for n in range(60))
    html, text = drawn(replace(EDITION, picks=hostile, missed=missed, health=health, notice=words))
    assert len(html.encode()) < 102_400
    assert html.count("</h3>") == 50
    assert "50 papers are shown without a summary" in " ".join(text.split())


# ── colours ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_contrast_in_light_and_dark() -> None:
    """Every text colour has a contrast of 4.5:1 or more on what it stands on, in both schemes."""
    palette = Palette.of()
    html = "".join(drawn(content)[0] for content in EDITIONS.values())
    light = set()
    for style in re.findall(r'style="([^"]*)"', html):
        colour = re.search(r"(?<!-)color:(#\w{6})", style)
        ground = re.search(r"background-color:(#\w{6})", style)
        if colour:
            light.add((colour[1], ground[1] if ground else palette.light.sheet))
    dark = set()
    for rule in re.findall(r"\{ ([^{}]*) \}", html.split("prefers-color-scheme: dark", 1)[1].split("</style>", 1)[0]):
        colour, ground = re.search(r"(?<!-)\bcolor: (#\w{6})", rule), re.search(r"background-color: (#\w{6})", rule)
        if colour:
            dark.add((colour[1], ground[1] if ground else palette.dark.sheet))
    assert len(light) > 4
    assert len(dark) > 4
    for ink, sheet in light | dark:
        assert contrast(ink, sheet) >= 4.5, f"{ink} on {sheet}"


# ── a user's own templates ──────────────────────────────────────────────────────────────────────────────────

CARD = (BUILTIN / "mail" / "card.mjml.j2").read_text()
HEADING = (BUILTIN / "mail" / "heading.mjml.j2").read_text()


def own(folder: Path, name: str, text: str) -> Templates:
    (folder / "mail").mkdir(exist_ok=True)
    (folder / "mail" / name).write_text(text)
    return Templates.load(BUILTIN, folder)


def test_own_template_replaces_one_part(tmp_path: Path) -> None:
    """A file in the user's folder replaces the part of its name, and the version changes with it."""
    templates = own(tmp_path, "source.txt.j2", "* {{ line }}\n")
    assert "* ✓ arXiv 312/312\n" in drawn(QUIET, templates)[1]
    assert templates.version != TEMPLATES.version
    assert Templates.load(BUILTIN).version == TEMPLATES.version


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("card.mjml.j2", "\n{% if x %}", 2, "end of template|endif"),
        ("card.mjml.j2", CARD.replace("{{ byline }}", "{{ bylin }}"), 7, "unknown name 'bylin'.*byline"),
        ("heading.mjml.j2", HEADING.replace("mj-column", "mj-colum"), 3, "<mj-colum> is not an MJML tag"),
        ("heading.mjml.j2", HEADING.replace("</mj-text>", ""), 8, "</mj-column> closes a tag that is not open"),
        ("heading.mjml.j2", "<mj-section>", 1, "is not closed"),
        ("heading.mjml.j2", HEADING.replace('padding="28px 36px 0"', 'wide="{{ note }}"'), 2, "MJML drops {{ note }}"),
        ("card.mjml.j2", CARD.replace("light.muted", "light.mute"), 7, "unknown colour 'mute'; known here: page"),
        ("daily.subject.j2", "{{ title }}", 1, "unknown name 'title'.*top"),
        ("card.txt.j2", "\n\n{{ title | wrapp }}", 3, "No filter named 'wrapp'"),
        ("shell.mjml.j2", "<mjml><mj-body></mj-body></mjml>", None, "exactly once"),
    ],
)  # fmt: skip
def test_broken_template_is_refused_when_loaded(
    tmp_path: Path, name: str, text: str, line: int | None, message: str
) -> None:
    """What a template does wrong is told with its file and line before anything is sent."""
    with pytest.raises(RenderError, match=message) as caught:
        own(tmp_path, name, text)
    assert str(tmp_path) in caught.value.template
    assert caught.value.line == line


def test_the_built_in_templates_pass_the_checks_that_loading_them_skips(tmp_path: Path) -> None:
    """As overrides of themselves they are checked one and all."""
    shutil.copytree(BUILTIN, tmp_path, dirs_exist_ok=True)
    assert Templates.load(BUILTIN, tmp_path).version == TEMPLATES.version


def test_failing_template_names_its_line(tmp_path: Path) -> None:
    """An error that shows only while rendering carries the line of the user's file, not of the compiled one."""
    templates = own(tmp_path, "card.mjml.j2", CARD.replace("{{ byline }}", "{{ byline.first.name }}"))
    with pytest.raises(RenderError, match="has no attribute 'first'") as caught:
        drawn(EDITION, templates)
    assert caught.value.line == 7
    (tmp_path / "mail" / "card.mjml.j2").write_bytes(b"\xff")
    with pytest.raises(RenderError, match="can't be read"):
        Templates.load(BUILTIN, tmp_path)


# ── looked at ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed, so the mail can't be looked at")
@pytest.mark.parametrize(("width", "dark"), [(320, False), (600, True), (1200, False)])
def test_nothing_is_wider_than_the_window(tmp_path: Path, width: int, dark: bool) -> None:
    """At phone and desktop width, light and dark, the margins stay free and the ground has the scheme's colour."""
    image, image_color = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageColor")
    title = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 3
    content = replace(EDITION, picks=(*with_paper(paper(3, title), reason=title).picks, *EDITION.picks[:2]), missed=())
    page, picture = tmp_path / "mail.html", tmp_path / "mail.png"
    page.write_text(drawn(content)[0], "utf-8")
    screenshot(page, picture, width=width, height=1400, dark=dark)
    with image.open(picture) as taken:
        pixels = taken.convert("RGB")
        margin = {pixels.getpixel((width - 6, y)) for y in range(0, 1400, 7)}
    scheme = Palette.of().dark if dark else Palette.of().light
    assert margin <= {image_color.getrgb(scheme.page), image_color.getrgb(scheme.sheet)}
