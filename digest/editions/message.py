"""Composing one reader's message: content → recipe and fragments.

A card is rendered and encoded once, whoever gets it: escaping, wrapping and quoted-printable are paid per paper, not
per reader. What is left per message is to find the fragments, fill their holes, and write the headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import escape

from digest.editions import headers
from digest.editions.clean import clean
from digest.editions.content import EditionContent, SiteInfo
from digest.editions.fragments import HOLE, Fragment
from digest.editions.layout import Block, Layout, addresses, layout
from digest.editions.links import Links, NoLinks
from digest.editions.recipe import BODY, Placed, Recipe
from digest.editions.templates import Templates
from digest.editions.wrap import wrap
from digest.errors import RenderError

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

    def layout(self, content: EditionContent) -> Layout:
        """The parts of ``content``'s mail, before anything is drawn."""
        unsubscribe, settings = addresses(self._reply, self._contact, content.key.subscriber_id)
        return layout(content, self._links, unsubscribe_mail=unsubscribe, settings_mail=settings)

    def compose(self, content: EditionContent) -> Composed:
        """Raises RenderError for an address that can't be written to, or a user's template that fails."""
        laid = self.layout(content)
        fragments: dict[str, bytes] = {}
        shell = self._place(laid.shell, fragments)
        body = tuple(self._place(block, fragments) for block in laid.body)
        reader, key = content.subscriber, content.key
        recipient = headers.address(reader.email)[1]
        subject = laid.shell.holes["subject"]
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
