"""Every mail there is, with easy and with awkward words: what the proofs of rendering look at.

Editions of ours, easy and awkward, and the product's samples of every kind of mail (``parts.MAILS``), calm and
hostile; so a new kind is looked at as soon as it exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from digest.editions.content import EditionContent, MissedView
from digest.editions.links import Links, MailLinks, SignedLinks
from digest.editions.message import Composed, Composer
from digest.editions.parts import MAILS
from digest.editions.recipe import assemble, part_html, part_text
from digest.editions.samples import compose, compose_hostile
from digest.editions.templates import Templates
from digest.keyring import KeyRing
from digest.languages import ENGLISH, tags
from digest.model import Lane, MailLayout, Section, Summary
from digest.resources import data_path
from tests.support.edition import EDITION, NOW, QUIET, READER, SITE, WEEKLY, many, paper, pick, view

TEMPLATES = Templates.load(data_path("templates"))
_RING = KeyRing(keys={"k1": b"fedcba9876543210"}, current="k1")
_PUBLIC = SignedLinks(public_url="https://papers.uni.example", ring=_RING)
_ANSWERS = MailLinks("ada@uni.example", _RING)

UNBROKEN = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 3
ARABIC = "مقاله‌ای دربارهٔ توجه تنک در شبکه‌های عصبی"
CHINESE = "基于稀疏注意力机制的大规模语言模型高效推理方法研究" * 3
_AWKWARD = (
    paper(1, UNBROKEN),
    replace(paper(2, CHINESE), authors=("王小明", "李华")),
    replace(paper(3, ARABIC), authors=("علی رضایی", "محمد کریمی", "זהבה כהן"), categories=()),
    replace(paper(4, "x" * 3000), authors=("Émile " + "y" * 200,), categories=("z" * 80,)),
    replace(paper(5, "A & B <b>bold</b> “quoted” ½ — 50 % 🤖👩‍🔬"), url="https://arxiv.org/abs/" + "9" * 900),
)
AWKWARD = replace(
    EDITION,
    subscriber=replace(
        READER,
        name="علی رضایی",
        email="a" * 60 + "@" + "b" * 60 + ".example",
        lanes=(Lane(name=UNBROKEN, phrases=("x",)),),
    ),
    site=replace(SITE, name=CHINESE),
    picks=tuple(
        replace(
            view(p.id),
            paper=p,
            pick=replace(pick(p.id, Section.LANE, UNBROKEN if p.id == 1 else ARABIC), reason=f"{p.title} {UNBROKEN}"),
            summary=Summary(p.title, CHINESE, "a-model-with-a-very-long-name-" * 4),
        )
        for p in _AWKWARD
    ),
    missed=tuple(MissedView(p.title, p.url, p.title) for p in _AWKWARD[:3]),
    notice=f"Trial: {UNBROKEN}",
)


def _compact(content: EditionContent) -> EditionContent:
    return replace(content, subscriber=replace(content.subscriber, layout=MailLayout.COMPACT))


CONTENTS: Mapping[str, tuple[EditionContent, Links]] = {
    "daily": (EDITION, _PUBLIC),
    "daily-compact": (_compact(EDITION), _ANSWERS),
    "weekly": (replace(EDITION, subscriber=WEEKLY), _ANSWERS),
    "weekly-compact": (_compact(replace(EDITION, subscriber=WEEKLY)), _PUBLIC),
    "welcome": (replace(EDITION, welcome=True), _PUBLIC),
    "quiet": (QUIET, _PUBLIC),
    "quiet-week": (replace(QUIET, subscriber=WEEKLY), _ANSWERS),
    "one": (replace(EDITION, picks=many(1), notice="Trial: this counts as nothing sent."), _ANSWERS),
    "thirty": (replace(EDITION, picks=many(30)), _PUBLIC),
    "thirty-compact": (_compact(replace(EDITION, picks=many(30))), _ANSWERS),
    "awkward": (AWKWARD, _PUBLIC),
    "awkward-compact": (_compact(AWKWARD), _ANSWERS),
}


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    html: str
    text: str
    data: bytes
    """The whole message."""


def edition(name: str) -> Mail:
    content, links = CONTENTS[name]
    return _mail(Composer(TEMPLATES, content.site, links).compose(content))


def _mail(composed: Composed) -> Mail:
    both = composed.recipe, composed.fragments
    return Mail(composed.recipe.subject, part_html(*both), part_text(*both), assemble(*both))


def sample(kind: str, *, hostile: bool, language: str = ENGLISH) -> Mail:
    """The product's own sample of a kind of mail."""
    make = compose_hostile if hostile else compose
    return _mail(make(Composer(TEMPLATES, SITE, _PUBLIC), kind, SITE, NOW, language=language))


def translated(name: str) -> Mail:
    """One of ``TRANSLATED``: a mail of ``CONTENTS``, or a sample of a letter, in another language."""
    kind, _, tag = name.rpartition("-")
    if kind not in CONTENTS:
        return sample(kind, hostile=False, language=tag)
    content, links = CONTENTS[kind]
    reader = replace(content.subscriber, language=tag)
    return _mail(Composer(TEMPLATES, content.site, links).compose(replace(content, subscriber=reader)))


NAMES = (*CONTENTS, *(f"{kind}-{mood}" for kind in MAILS for mood in ("calm", "hostile")))


_OF_EACH_LANGUAGE = (
    "daily",
    "weekly-compact",
    "welcome",
    "quiet",
    "quiet-week",
    "thirty",
    "confirm",
    "link",
    "goodbye",
)
TRANSLATED = tuple(f"{kind}-{tag}" for tag in tags() if tag != ENGLISH for kind in _OF_EACH_LANGUAGE)
PICTURED = ("daily-de", "daily-fr", "daily-ja", "daily-zh")
"""Those that a browser looks at too: the longest words, and each script."""


@cache
def mail(name: str) -> Mail:
    """The mail of that name, one of ``NAMES`` or ``TRANSLATED``."""
    if name in TRANSLATED:
        return translated(name)
    if name in CONTENTS:
        return edition(name)
    kind, _, mood = name.rpartition("-")
    return sample(kind, hostile=mood == "hostile")
