"""Composing one reader's message: content → recipe and fragments.

A card is rendered and encoded once, whoever gets it: escaping, wrapping and quoted-printable are paid per paper, not
per reader. What is left per message is to find the fragments, fill their holes, and write the headers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import escape

from digest.editions import headers
from digest.editions.blocks import Block, Draft
from digest.editions.cards import Length, card, shortened
from digest.editions.clean import clean
from digest.editions.content import EditionContent, SiteInfo
from digest.editions.fragments import HOLE, Fragment
from digest.editions.layout import addresses, layout
from digest.editions.links import Links, NoLinks
from digest.editions.recipe import BODY, Placed, Recipe
from digest.editions.templates import Templates
from digest.editions.wrap import wrap
from digest.errors import RenderError

MOST_HTML = 90_000
"""Bytes of HTML; Gmail cuts a mail off at 102,400 and hides what follows, the way to unsubscribe among it."""
KEPT_FRAGMENTS = 4096
"""Rendered parts kept in memory, about 8 KB each; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A message's recipe, and the fragments it is made of by their hash, as the store keeps them."""

    recipe: Recipe
    fragments: Mapping[str, bytes]


class Composer:
    """Composes messages for one site with one set of templates; keep it, it remembers what it has rendered."""

    def __init__(
        self, templates: Templates, site: SiteInfo, links: Links | None = None, *, secret: bytes = b""
    ) -> None:
        """
        Args:
            secret: makes Message-IDs that nobody can guess.

        Raises:
            RenderError: the site's own address is not one.
        """
        self._secret = secret
        self._templates = templates
        self._site = site
        self._links = links or NoLinks()
        self._sender = headers.address(site.sender)
        self._reply = headers.address(site.reply_to)[1] if site.reply_to else self._sender[1]
        try:  # it goes into the User-Agent as well, and may be a web page there
            self._contact = headers.address(site.contact)[1]
        except RenderError:
            self._contact = self._reply
        self._rendered: dict[tuple[object, ...], Fragment] = {}

    def layout(self, content: EditionContent) -> Draft:
        """The parts of ``content``'s mail, before anything is drawn; shortened where it would be too large."""
        draft = self._draft(content)
        if (excess := self._size(draft) - MOST_HTML) <= 0:
            return draft
        sizes = [
            {length: self._block_size(self._card(content, number, length)) for length in Length}
            for number in range(len(content.picks))
        ]
        return self._draft(content, shortened(sizes, excess + 200))  # with what says so

    def _draft(self, content: EditionContent, lengths: Sequence[Length] = ()) -> Draft:
        unsubscribe, settings = addresses(self._reply, self._contact, content.key.subscriber_id)
        draft = layout(content, self._links, unsubscribe_mail=unsubscribe, settings_mail=settings, lengths=lengths)
        return self._with_subject(draft)

    def _with_subject(self, draft: Draft) -> Draft:
        """The subject comes from a template, and stands in the shell as the document's title."""
        opening = draft.body[0]
        subject = clean(self._templates.subject(draft.mail, {**dict(opening.fixed), **opening.holes}), 250)
        return replace(draft, shell=replace(draft.shell, holes={**draft.shell.holes, "subject": subject}))

    def _card(self, content: EditionContent, number: int, length: Length) -> Block:
        form = content.subscriber.layout
        return card(content.picks[number], number + 1, key=content.key, links=self._links, layout=form, length=length)

    def _size(self, draft: Draft) -> int:
        """Bytes of the mail's HTML in UTF-8."""
        return self._block_size(draft.shell) + sum(map(self._block_size, draft.body))

    def _block_size(self, block: Block) -> int:
        pieces = self.fragment(block).html
        return pieces.size + sum(len(escape(block.holes[name]).encode()) for name in pieces.names if name != BODY)

    def compose(self, content: EditionContent) -> Composed:
        """Raises RenderError for an address that can't be written to, or a user's template that fails."""
        draft = self.layout(content)
        fragments: dict[str, bytes] = {}
        shell = self._place(draft.shell, fragments)
        body = tuple(self._place(block, fragments) for block in draft.body)
        reader, key = content.subscriber, content.key
        recipient = headers.address(reader.email)[1]
        subject = draft.shell.holes["subject"]
        message_id = headers.message_id(key, self._sender[1].rpartition("@")[2], self._secret)
        head = headers.head(
            site=self._site,
            key=key,
            sent_at=content.sent_at,
            sender=self._sender,
            recipient=(clean(reader.name, 80), recipient),
            subject=subject,
            message_id=message_id,
            unsubscribe_mail=addresses(self._reply, self._contact, key.subscriber_id)[0],
            unsubscribe_url=self._links.unsubscribe(key),
        )
        recipe = Recipe(
            edition=key.date,
            message_id=message_id,
            sender=self._sender[1],
            recipient=recipient,
            subject=subject,
            head=head,
            shell=shell,
            body=body,
            picks=tuple(view.pick for view in content.picks),
        )
        return Composed(recipe, fragments)

    def _place(self, block: Block, fragments: dict[str, bytes]) -> Placed:
        """The block's fragment (noted in ``fragments``) with its holes filled."""
        fragment = self.fragment(block)
        fragments[fragment.hash] = fragment.data
        html = {name: str(escape(block.holes[name])) for name in fragment.html.names if name != BODY}
        text = {}
        for name, column in zip(fragment.text.names, fragment.text.columns, strict=True):
            if name != BODY:
                value = block.holes[name]
                text[name] = value if name.endswith("_url") else wrap(value, indent=column)
        return Placed(fragment.hash, html, text)

    def fragment(self, block: Block) -> Fragment:
        """The block's part rendered with open holes, from memory if it was rendered before."""
        names = tuple(block.holes) + ((BODY,) if block.part == "shell" else ())
        key = (block.part, block.fixed, names)
        kept = self._rendered.get(key)
        if kept is None:
            values = {**dict(block.fixed), **{name: f"{HOLE}{name}{HOLE}" for name in names}}
            kept = Fragment.render(self._templates.html(block.part, values), self._templates.text(block.part, values))
            if len(self._rendered) >= KEPT_FRAGMENTS:
                del self._rendered[next(iter(self._rendered))]
            self._rendered[key] = kept
        return kept
