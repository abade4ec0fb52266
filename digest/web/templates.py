"""The templates of the pages: Jinja with every value escaped, in every language, with a style sheet made of the brand.

A file of the same name in the operator's own folder (``templates/web/…`` beside the config) replaces one of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import jinja2

from digest import languages
from digest.config import Config
from digest.errors import RenderError
from digest.languages import Language
from digest.resources import data_path
from digest.web.consent import consent
from digest.web.stamps import Stamps
from digest.web.urls import Urls, segment

STYLE = "style.css.j2"


class WebTemplates:
    def __init__(self, config: Config, urls: Urls, *, stamps: Stamps) -> None:
        """
        Args:
            stamps: for the box that says Subscribe.

        Raises:
            RenderError: the style sheet is broken.
        """
        folders = [data_path("templates") / "web"]
        if config.templates is not None:
            folders.insert(0, config.templates / "web")
        self._folders: list[Path] = folders
        self._site, self._urls = config.site, urls
        self._can_subscribe, self._stamps = config.is_open, stamps
        self._has_imprint = config.web.imprint is not None
        self._environment = lru_cache(maxsize=None)(self._new_environment)
        english = languages.language(languages.ENGLISH)
        palette = config.site.brand.palette
        self.style = self._render(STYLE, english, {"light": palette.light, "dark": palette.dark}).encode()
        self.style_place = f"/style-{hashlib.blake2b(self.style, digest_size=6).hexdigest()}.css"
        """Named after what it says, so that it may be kept for ever."""

    def render(self, name: str, language: Language, values: Mapping[str, object]) -> str:
        """
        Raises:
            RenderError: with the line of the template.
        """
        return self._render(name, language, {"style": self._urls.path(self.style_place), **values})

    def _render(self, name: str, language: Language, values: Mapping[str, object]) -> str:
        try:
            return self._environment(language.tag).get_template(name).render(values)
        except jinja2.TemplateError as error:
            raise RenderError(f"web/{name}", str(error), getattr(error, "lineno", None)) from error

    def _new_environment(self, tag: str) -> jinja2.Environment:
        language = languages.language(tag)
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._folders),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.filters.update(date=language.date, number=language.number, segment=segment)
        environment.globals.update(
            site=self._site,
            can_subscribe=self._can_subscribe,
            consent=consent(language, site=self._site.name),
            stamp=lambda: self._stamps.rounded(language),
            has_imprint=self._has_imprint,
            url=self._urls.path,
            absolute=self._urls.absolute,
            language=language,
            languages=[languages.language(known) for known in languages.tags()],
        )
        # Newstyle: what is put into a message is escaped, the message itself is trusted.
        environment.install_gettext_translations(language.messages, newstyle=True)  # type: ignore[attr-defined]
        return environment
