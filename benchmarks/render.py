"""What it costs to make one reader's mail: 12 papers as HTML, text and MIME, three ways, with the same words.

    python benchmarks/render.py [--readers 200] [--rounds 7] [--json]

- ``digest``: the production path, Composer.compose and recipe.assemble, as it is from the second reader on: the cards
  are rendered and encoded already, the reader's own words and links are not.
- ``email_message``: MJML compiled once, Jinja renders HTML and text for each reader, and the standard library's
  ``EmailMessage`` (``set_content``, ``add_alternative``, ``as_bytes``) makes the mail.
- ``mjml``: Jinja over the MJML, which is compiled for each reader; the mail is made as above. ``mjml_html`` is its
  share for the HTML alone, without text and MIME.

Jinja's templates are compiled beforehand in each way, and the words are laid out beforehand for the two others: that
part, which the production path pays, is given to them. The mails are parsed and compared first: same headers, same
text, and the same elements, attributes and words in the HTML. Times are processor time per reader, the best of the
rounds.
"""

from __future__ import annotations

import argparse
import email
import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from email import policy
from email.message import EmailMessage
from pathlib import Path

from lxml import html as lxml_html
from markupsafe import Markup

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from digest.editions.content import EditionContent, PickView
from digest.editions.links import Links, MailLinks, NoLinks, SignedLinks
from digest.editions.message import Composer
from digest.editions.parts import PARTS
from digest.editions.recipe import BODY, Recipe, assemble
from digest.editions.templates import Templates
from digest.keyring import KeyRing
from digest.languages import language
from digest.model import EditionKey, Section
from digest.resources import data_path
from tests.support.edition import EDITION, READER, SITE, TLDR, paper, pick

ENGLISH = language("en")
PAPERS = 12
_SECTIONS = (
    (Section.FOLLOWED, None),
    *((Section.LANE, "Sparse attention"),) * 5,
    *((Section.LANE, "Proteins"),) * 3,
    *((Section.TRENDING, None),) * 2,
    (Section.OUTSIDE, None),
)
_RING = KeyRing(keys={"k1": b"fedcba9876543210"}, current="k1")
PUBLIC = "https://papers.uni.example"
PROFILES: Mapping[str, tuple[str | None, Links]] = {
    "personal": (None, NoLinks()),
    "answers_by_mail": (None, MailLinks("ada@uni.example", _RING)),
    "public": (PUBLIC, SignedLinks(public_url=PUBLIC, ring=_RING)),
}


def edition(number: int, public_url: str | None) -> EditionContent:
    """Reader ``number``'s edition: the papers are everybody's, the reasons are not."""
    reader = replace(READER, id=f"reader-{number}", email=f"reader-{number}@uni.example", name=f"Reader {number}")
    return replace(
        EDITION,
        site=replace(SITE, public_url=public_url),
        key=EditionKey(reader.id, EDITION.key.date),
        subscriber=reader,
        picks=tuple(_pick(number, position, *place) for position, place in enumerate(_SECTIONS, start=1)),
    )


def _pick(number: int, position: int, section: Section, lane: str | None) -> PickView:
    chosen = pick(position, section, lane)
    return PickView(replace(chosen, reason=f"“KV cache” {number} · {chosen.reason}"), paper(position), TLDR)


# ── the plain ways ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Laid:
    """One reader's mail with all its words, not drawn: (part, values for HTML, values for text), and the headers."""

    shell: tuple[str, Mapping[str, str], Mapping[str, str]]
    body: Sequence[tuple[str, Mapping[str, str], Mapping[str, str]]]
    headers: Sequence[tuple[str, str]]
    boundary: str


def lay_out(composer: Composer, content: EditionContent) -> Laid:
    draft = composer.layout(content)
    recipe = composer.compose(content).recipe
    shell, *body = (
        (block.part, {**dict(block.fixed), **block.holes}, {**dict(block.fixed), **placed.text})
        for block, placed in zip((draft.shell, *draft.body), (recipe.shell, *recipe.body), strict=True)
    )
    parsed = email.message_from_string(recipe.head, policy=policy.default)
    return Laid(shell, body, [(name, str(value)) for name, value in parsed.items()], _boundary(recipe))


def _boundary(recipe: Recipe) -> str:
    return "=_" + recipe.message_id.strip("<>").partition("@")[0]


class Plain:
    """HTML and text by Jinja for each reader, by way of MJML or not."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    def text(self, laid: Laid) -> str:
        body = "".join(self._templates.text(part, values, ENGLISH) for part, _, values in laid.body)
        return self._templates.text(laid.shell[0], {**laid.shell[2], BODY: body}, ENGLISH)

    def html(self, laid: Laid) -> str:
        body = Markup("").join(Markup(self._templates.html(part, values, ENGLISH)) for part, values, _ in laid.body)
        return self._templates.html(laid.shell[0], {**laid.shell[1], BODY: body}, ENGLISH)

    def mjml_html(self, laid: Laid) -> str:
        import mjml

        drawn = [self._drawn(part, values) for part, values, _ in laid.body]
        body = Markup(f"</mj-raw>{''.join(drawn)}<mj-raw>")
        return mjml.mjml2html(self._drawn(laid.shell[0], {**laid.shell[1], BODY: body}), fonts={})

    def _drawn(self, part: str, values: Mapping[str, str]) -> str:
        return self._templates.mjml(part, {**dict.fromkeys(PARTS[part], ""), **values}, ENGLISH)


def mime(laid: Laid, text: str, html: str) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    for name, value in laid.headers:
        message[name] = value
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.set_boundary(laid.boundary)
    return message.as_bytes()


# ── the same? ───────────────────────────────────────────────────────────────────────────────────────────────


def content_of(data: bytes) -> dict[str, object]:
    """What a mail program makes of a message: headers, lines of text, and the HTML's elements with their words."""
    message = email.message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    text, html = message.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    document = lxml_html.fromstring(html.get_content())
    elements = [
        (str(element.tag), sorted(element.attrib.items()), (element.text or "").split(), (element.tail or "").split())
        for element in document.iter()
    ]
    headers = {name: str(value) for name, value in message.items() if name not in ("Content-Type", "MIME-Version")}
    return {"headers": headers, "text": text.get_content().splitlines(), "html": elements}


def assert_same(ways: Mapping[str, bytes]) -> None:
    contents = {name: content_of(data) for name, data in ways.items()}
    first = contents.pop("digest")
    for name, other in contents.items():
        for kind, found in first.items():
            assert other[kind] == found, f"{name} differs from digest in {kind}"


# ── measuring ───────────────────────────────────────────────────────────────────────────────────────────────


def best_us(work: Callable[[int], object], readers: int, rounds: int) -> float:
    """Microseconds of processor time per reader in the fastest round; every round has readers of its own."""
    fastest = float("inf")
    for start in range(0, readers * rounds, readers):
        started = time.process_time()
        for number in range(start, start + readers):
            work(number)
        fastest = min(fastest, time.process_time() - started)
    return fastest / readers * 1e6


def measure(profile: str, readers: int, rounds: int) -> dict[str, float | int]:
    public_url, links = PROFILES[profile]
    few = max(1, readers // 10)
    contents = [edition(number, public_url) for number in range(readers * rounds)]
    templates = Templates.load(data_path("templates"))
    composer = Composer(templates, contents[0].site, links)
    laid = [lay_out(composer, content) for content in contents[: few * rounds]]  # and so the cards are rendered
    plain = Plain(templates)

    def ours(number: int) -> bytes:
        composed = composer.compose(contents[number])
        return assemble(composed.recipe, composed.fragments)

    def by_email_message(number: int) -> bytes:
        return mime(laid[number], plain.text(laid[number]), plain.html(laid[number]))

    def by_mjml(number: int) -> bytes:
        return mime(laid[number], plain.text(laid[number]), plain.mjml_html(laid[number]))

    for number in range(few):
        assert_same({"digest": ours(number), "email_message": by_email_message(number), "mjml": by_mjml(number)})
    gc.collect()
    gc.set_threshold(100_000, 50, 50)  # as the commands do
    digest = best_us(ours, readers, rounds)
    email_message = best_us(by_email_message, few, rounds)
    mjml = best_us(by_mjml, few, rounds)
    mjml_html = best_us(lambda number: plain.mjml_html(laid[number]), few, rounds)
    return {
        "bytes": len(ours(0)),
        "us_per_reader": round(digest, 1),
        "email_message_us": round(email_message, 1),
        "mjml_us": round(mjml, 1),
        "mjml_html_us": round(mjml_html, 1),
        "of_email_message": round(digest / email_message, 4),
        "of_mjml": round(digest / mjml, 4),
        "of_mjml_html": round(digest / mjml_html, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="only the last line, which is always JSON")
    options = parser.parse_args()
    profiles = {name: measure(name, options.readers, options.rounds) for name in PROFILES}
    result: dict[str, object] = {"papers": PAPERS, "readers": options.readers, "identical": True}
    result |= {**profiles["personal"], "profiles": profiles}
    if not options.json:
        for name, figures in profiles.items():
            print(name)
            for key, value in figures.items():
                print(f"{key:>20}  {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
