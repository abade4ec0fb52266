"""Composing one reader's message: content → recipe and fragments.

A card is rendered and encoded once, whoever gets it: escaping, wrapping and quoted-printable are paid per paper, not
per reader. What is left per message is to find the fragments, fill their holes, and write the headers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import escape

from digest.editions import headers, letters
from digest.editions.blocks import Block, Draft
from digest.editions.cards import Length, card, shortened
from digest.editions.clean import clean
from digest.editions.content import EditionContent, PickView, SiteInfo
from digest.editions.fragments import HOLE, Fragment
from digest.editions.layout import layout
from digest.editions.letters import Confirm, Goodbye, Report, WayBack
from digest.editions.links import Links, NoLinks
from digest.editions.recipe import BODY, Placed, Recipe
from digest.editions.templates import Templates
from digest.editions.wrap import wrap
from digest.errors import RenderError
from digest.keyring import KeyRing
from digest.languages import Language
from digest.model import EditionKey, Pick

MOST_HTML = 90_000
"""Bytes of HTML; Gmail cuts a mail off at 102,400 and hides what follows, the way to unsubscribe among it."""
KEPT_FRAGMENTS = 4096
"""Rendered parts kept in memory, about 8 KB each; the oldest goes first."""
_MARKUP = re.compile("[&<>'\"]")
_Filled = tuple[Fragment, Placed]


@dataclass(frozen=True, slots=True)
class Composed:
    """A message's recipe, and the fragments it is made of by their hash, as the store keeps them."""

    recipe: Recipe
    fragments: Mapping[str, bytes]


class Composer:
    """Composes messages for one site with one set of templates; keep it, it remembers what it has rendered."""

    def __init__(
        self,
        templates: Templates,
        site: SiteInfo,
        links: Links | None = None,
        *,
        ring: KeyRing | None = None,
        mark: str = "",
    ) -> None:
        """
        Args:
            mark: stands before every subject.
            ring: signs what nobody may guess, Message-IDs and the mail that unsubscribes; a trial needs none.

        Raises:
            RenderError: the site's own address is not one.
        """
        self._ring = ring
        self._mark = mark
        self._secret = ring.keys[ring.current] if ring else b""
        self._templates = templates
        self._site = site
        self._links = links or NoLinks()
        self._sender = headers.address(site.sender)
        self._reply = headers.address(site.reply_to)[1] if site.reply_to else self._sender[1]
        try:  # it goes into the User-Agent as well, and may be a web page there
            self._contact = headers.address(site.contact)[1]
        except RenderError:
            self._contact = self._reply
        self._leave_at = headers.address(site.bounces)[1] if site.bounces else self._reply
        self._ways_out = lru_cache(maxsize=1)(self._ways_out_of)
        self._domain = self._sender[1].rpartition("@")[2]
        self._rendered: dict[tuple[object, ...], Fragment] = {}

    def layout(self, content: EditionContent) -> Draft:
        """The parts of ``content``'s mail, before anything is drawn; shortened where it would be too large."""
        return self._fitting(content)[0]

    def _fitting(self, content: EditionContent) -> tuple[Draft, list[_Filled]]:
        """The draft, and its shell and parts with their holes filled."""
        draft = self._draft(content)
        filled = self._fill(draft)
        if (excess := sum(map(_size, filled)) - MOST_HTML) <= 0:
            return draft, filled
        form, key, language = content.subscriber.layout, content.key, draft.language

        def size(view: PickView, at: int, length: Length) -> int:
            block = card(view, at, key=key, links=self._links, layout=form, language=language, length=length)
            return _size(self._filled(block, language))

        sizes = [{n: size(view, at, n) for n in Length} for at, view in enumerate(content.picks, start=1)]
        draft = self._draft(content, shortened(sizes, excess + 200))  # with what says so
        return draft, self._fill(draft)

    def _draft(self, content: EditionContent, lengths: Sequence[Length] = ()) -> Draft:
        unsubscribe, settings = self._ways_out(content.key)
        draft = layout(content, self._links, unsubscribe_mail=unsubscribe, settings_mail=settings, lengths=lengths)
        return self._with_subject(draft)

    def _ways_out_of(self, key: EditionKey) -> tuple[str, str]:
        """The ``mailto:`` URLs that need no web: (unsubscribe, read by the program; settings, read by a person)."""
        leave = self._ring.unsubscribe_subject(key) if self._ring else f"unsubscribe {key.subscriber_id}"
        return headers.mailto(self._leave_at, leave), headers.mailto(self._contact, f"settings {key.subscriber_id}")

    def _with_subject(self, draft: Draft) -> Draft:
        """The subject comes from a template, and stands in the shell as the document's title."""
        opening, shell = draft.body[0], draft.shell
        words = self._templates.subject(draft.mail, {**dict(opening.fixed), **opening.holes}, draft.language)
        subject = clean(f"{self._mark}{words}", 250)
        return Draft(Block(shell.part, shell.fixed, {**shell.holes, "subject": subject}), draft.body, draft.language)

    def _fill(self, draft: Draft) -> list[_Filled]:
        return [self._filled(block, draft.language) for block in (draft.shell, *draft.body)]

    def compose(self, content: EditionContent) -> Composed:
        """Raises RenderError for an address that can't be written to, or a user's template that fails."""
        draft, filled = self._fitting(content)
        key = content.key
        unsubscribe = self._ways_out(key)[0]
        return self._composed(
            draft,
            filled,
            to=(content.subscriber.name, content.subscriber.email),
            sent_at=content.sent_at,
            edition=key.date,
            message_id=headers.message_id(key, self._domain, self._secret),
            leaving=headers.list_headers(self._site, key, unsubscribe, self._links.unsubscribe(key)),
            picks=tuple(view.pick for view in content.picks),
        )

    def confirm(self, content: Confirm) -> Composed:
        """The mail that asks whether an address is its owner's wish. Raises RenderError."""
        reader = content.subscriber
        return self._letter(letters.confirm(content), (reader.name, reader.email), content.sent_at)

    def goodbye(self, content: Goodbye) -> Composed:
        """The mail that says that none follows. Raises RenderError."""
        reader = content.subscriber
        return self._letter(letters.goodbye(content), (reader.name, reader.email), content.sent_at)

    def way_back(self, content: WayBack) -> Composed:
        """The mail with the way to a reader's own page. Raises RenderError."""
        reader = content.subscriber
        return self._letter(letters.way_back(content), (reader.name, reader.email), content.sent_at)

    def report(self, content: Report) -> Composed:
        """The operator's report of a press day. Raises RenderError."""
        return self._letter(letters.report(content), ("", content.to), content.sent_at)

    def _letter(self, untitled: Draft, to: tuple[str, str], sent_at: dt.datetime) -> Composed:
        draft = self._with_subject(untitled)
        return self._composed(
            draft,
            self._fill(draft),
            to=to,
            sent_at=sent_at,
            edition=sent_at.date(),
            message_id=headers.letter_id(draft.mail, to[1], sent_at, self._domain, self._secret),
        )

    def _composed(
        self, draft: Draft, filled: list[_Filled], *, to: tuple[str, str], sent_at: dt.datetime, edition: dt.date,
        message_id: str, leaving: Iterable[str] = (), picks: tuple[Pick, ...] = (),
    ) -> Composed:  # fmt: skip
        name, recipient = clean(to[0], 80), headers.address(to[1])[1]
        subject = draft.shell.holes["subject"]
        head = headers.head(
            site=self._site,
            sent_at=sent_at,
            sender=self._sender,
            recipient=(name, recipient),
            subject=subject,
            language=draft.language.tag,
            message_id=message_id,
            leaving=leaving,
        )
        shell, *body = filled
        recipe = Recipe(
            edition=edition,
            message_id=message_id,
            sender=self._sender[1],
            recipient=recipient,
            subject=subject,
            head=head,
            shell=shell[1],
            body=tuple(placed for _, placed in body),
            picks=picks,
        )
        return Composed(recipe, {fragment.hash: fragment.data for fragment, _ in filled})

    def _filled(self, block: Block, language: Language) -> _Filled:
        fragment, holes = self.fragment(block, language), block.holes
        html = {name: _escaped(holes[name]) for name in fragment.html.names if name != BODY}
        text = {
            name: holes[name] if name.endswith("_url") else wrap(holes[name], indent=column)
            for name, column in zip(fragment.text.names, fragment.text.columns, strict=True)
            if name != BODY
        }
        return fragment, Placed(fragment.hash, html, text)

    def fragment(self, block: Block, language: Language) -> Fragment:
        """The block's part rendered in a language with open holes, from memory if it was rendered before."""
        names = tuple(block.holes) + ((BODY,) if block.part == "shell" else ())
        key = (block.part, block.fixed, names, language)
        kept = self._rendered.get(key)
        if kept is None:
            values = {**dict(block.fixed), **{name: f"{HOLE}{name}{HOLE}" for name in names}}
            kept = Fragment.render(
                self._templates.html(block.part, values, language), self._templates.text(block.part, values, language)
            )
            if len(self._rendered) >= KEPT_FRAGMENTS:
                del self._rendered[next(iter(self._rendered))]
            self._rendered[key] = kept
        return kept


def _escaped(value: str) -> str:
    return str(escape(value)) if _MARKUP.search(value) else value


def _size(filled: _Filled) -> int:
    """Bytes of a part's HTML in UTF-8."""
    fragment, placed = filled
    return fragment.html.size + sum(len(v) if v.isascii() else len(v.encode()) for v in placed.html.values())
