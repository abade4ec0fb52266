"""Privacy and imprint: Markdown of the operator's, or the text that comes with the program, as pages.

A file has one text for each language beside it: ``privacy.md`` for all, ``privacy.de.md`` for German. Markup in them is
text, so that a notice can hold no script; a link opens as any other, and tells no other site where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from digest.config import Config
from digest.languages import ENGLISH, Language
from digest.resources import data_path

log = logging.getLogger(__name__)

_SHIPPED = "privacy.md.j2"
_LONGEST = 500_000
"""Bytes of a notice."""
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A text as HTML; ``language`` is the one that it is written in, as far as its file's name says."""

    title: str
    body: Markup
    language: str | None


class Notices:
    def __init__(self, config: Config) -> None:
        self._config = config

    def privacy(self, language: Language) -> Notice | None:
        """What is stored of readers: the operator's own words, else ours, which are true of this program."""
        path = self._config.web.privacy
        if path is not None:
            return _own(path, language)
        return _notice(*_shipped(self._config, language))

    def imprint(self, language: Language) -> Notice | None:
        """None: there is none."""
        path = self._config.web.imprint
        return _own(path, language) if path is not None else None


def _own(path: Path, language: Language) -> Notice | None:
    """The file in a language, else the one for all; None where neither can be read, which the log says."""
    for place, tag in ((path.with_suffix(f".{language.tag}{path.suffix}"), language.tag), (path, None)):
        try:
            with place.open("rb") as file:
                return _notice(file.read(_LONGEST).decode("utf-8-sig"), tag)
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            log.error("the notice %s cannot be read: %s", place, error)  # noqa: TRY400 (made for people)
    return None


def _shipped(config: Config, language: Language) -> tuple[str, str]:
    """The text that comes with the program, in a language if there is one in it, and the language that it is in."""
    folder = data_path("templates") / "web"
    own = f"privacy.{language.tag}.md.j2"
    name, tag = (own, language.tag) if (folder / own).is_file() else (_SHIPPED, ENGLISH)
    environment = jinja2.Environment(  # noqa: S701 (Markdown: it is escaped when it becomes HTML)
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name).render(_facts(config)), tag


def _facts(config: Config) -> Mapping[str, object]:
    """What the shipped text tells of this installation; words of the operator's are quoted, being no Markdown."""
    site = config.site
    return {
        "name": _plain(site.name),
        "contact": _plain(site.contact),
        "footer": [_plain(line) for line in site.brand.footer],
        "mails_days": round(config.retention.mails_s / _DAY_S),
        "history_days": round(config.retention.history_s / _DAY_S),
        "bounces": config.mail.bounces is not None or config.mail.inbox is not None,
        "backup_keep": config.backup.keep if config.backup.folder is not None else 0,
        "llm": config.summaries.llm is not None,
        "by_mail": config.feedback.by_mail,
    }


def _plain(text: str) -> str:
    """A text as itself in Markdown (CommonMark 0.31, 2.4: every ASCII punctuation may be escaped)."""
    return "".join(f"\\{sign}" if sign.isascii() and not sign.isalnum() and sign != " " else sign for sign in text)


def _notice(text: str, language: str | None) -> Notice:
    """A Markdown text; its first heading is the page's title."""
    markdown = _markdown()
    tokens = markdown.parse(text)
    title = next((tokens[at + 1].content for at, one in enumerate(tokens) if one.type == "heading_open"), "")
    body = markdown.renderer.render(tokens, markdown.options, {})
    return Notice(title=title, body=Markup(body), language=language)  # noqa: S704 (made by a renderer without HTML)


@cache
def _markdown() -> MarkdownIt:
    """CommonMark with tables, and without HTML of the text's own; addresses that could run something are no links."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("link_open", _link)
    return markdown


def _link(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    tokens[index].attrSet("rel", "noopener")
    return renderer.renderToken(tokens, index, options, env)
