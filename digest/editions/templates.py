"""The mail's templates: MJML is compiled to HTML once, and what stays is Jinja.

Every part has an MJML file and a text twin, every mail a subject too (:mod:`digest.editions.parts`); a file of the same
name in the user's own folder replaces the built-in one. All MJML parts are compiled in one document, so that the
shell's style sheet knows the columns of the cards, and are cut apart again at marks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import jinja2
from jinja2 import meta

from digest.editions.mjml import compile_mjml
from digest.editions.parts import MAILS, PARTS, files_of, part_of
from digest.editions.source_files import JINJA, Source
from digest.editions.wrap import columns, wrap
from digest.errors import RenderError
from digest.palette import Palette

_KINDS = {"mjml": "html", "txt": "text", "subject": "subject"}
"""What the files' endings hold."""


def _environment(*, html: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=html,  # noqa: S701  off for the text twin, which has no markup
        undefined=jinja2.StrictUndefined,
        trim_blocks=not html,
        lstrip_blocks=not html,
        keep_trailing_newline=True,
        cache_size=0,
    )
    environment.filters["wrap"] = wrap
    environment.filters["rule"] = lambda text, sign="─": sign * columns(text)
    return environment


class Templates:
    """The compiled templates. ``version`` changes with any of their files."""

    def __init__(self, sources: Mapping[str, Mapping[str, Source]]) -> None:
        """
        Args:
            sources: by kind (``html``, ``text``, ``subject``) and part.
        """
        self._sources = sources
        plain = _environment(html=False)
        self._environments = {"html": _environment(html=True), "text": plain, "subject": plain}
        for kind, group in sources.items():
            for source in group.values():
                self._check(kind, source)
        bodies = {kind: {part: source.text for part, source in group.items()} for kind, group in sources.items()}
        bodies["html"] = compile_mjml(sources["html"])
        self._compiled = {
            kind: {part: self._environments[kind].from_string(body) for part, body in group.items()}
            for kind, group in bodies.items()
        }
        everything = "\0".join(f"{s.name}\0{s.text}" for group in sources.values() for s in group.values())
        self.version = hashlib.blake2b(everything.encode(), digest_size=8).hexdigest()

    @classmethod
    def load(
        cls, builtin: Path, override: Path | None = None, *, palette: Palette | None = None, only: str | None = None
    ) -> Templates:
        """From the folder ``builtin`` (``digest.resources.data_path("templates")``), files in ``override`` first.

        Args:
            palette: the site's colours; by default the built-in ones.
            only: the one file that may be taken from ``override``, to try it by itself.

        Raises RenderError, with file and line, for a template that can't work.
        """
        colours = palette or Palette.of()
        found: dict[str, dict[str, Source]] = {kind: {} for kind in _KINDS.values()}
        for part in PARTS:
            for name in files_of(part):
                own = override / name if override is not None and only in (None, name) else None
                path = own if own is not None and own.is_file() else builtin / name
                found[_KINDS[name.split(".")[1]]][part] = Source.read(name, path, colours)
        return cls(found)

    def html(self, part: str, values: Mapping[str, str]) -> str:
        """The part as HTML; values are escaped."""
        return self._render("html", part, values)

    def text(self, part: str, values: Mapping[str, str]) -> str:
        """The part as plain text."""
        return self._render("text", part, values)

    def subject(self, mail: str, values: Mapping[str, str]) -> str:
        """The subject of a mail (one of ``MAILS``), as its template says it; not yet on one line."""
        return self._render("subject", mail, values)

    def mjml(self, part: str, values: Mapping[str, str]) -> str:
        """The part as MJML, rendered before it is compiled: the plain way, for comparison and for finding errors."""
        return self._environments["html"].from_string(self._sources["html"][part].text).render(values)

    def _render(self, kind: str, part: str, values: Mapping[str, str]) -> str:
        given = {**dict.fromkeys(PARTS[part], ""), **values}
        try:
            return self._compiled[kind][part].render(given)
        except Exception as error:
            raise self._located(kind, part, given, error) from error

    def _located(self, kind: str, part: str, values: Mapping[str, str], error: Exception) -> RenderError:
        """The error with the line of the file: found by rendering the file itself, since compiling moved the lines."""
        source = self._sources[kind][part]
        try:
            self._environments[kind].from_string(source.text).render(values)
        except Exception as again:  # noqa: BLE001  likewise
            trace = again.__traceback__
            line = None
            while trace is not None:
                if trace.tb_frame.f_code.co_filename == "<template>":
                    line = trace.tb_lineno
                trace = trace.tb_next
            return source.error(str(again), line)
        return source.error(str(error))

    def _check(self, kind: str, source: Source) -> None:
        """Syntax, filters, and names that nobody will ever give a value."""
        try:
            tree = self._environments[kind].parse(source.text)
            names = meta.find_undeclared_variables(tree)
        except jinja2.TemplateSyntaxError as error:
            raise source.error(str(error.message), error.lineno) from error
        known = PARTS[part_of(source.name)]
        if unknown := sorted(names - known.keys()):
            place = next(
                source.text[: m.start()].count("\n") + 1 for m in JINJA.finditer(source.text) if unknown[0] in m[0]
            )
            raise source.error(f"unknown name {unknown[0]!r}; known here: {', '.join(sorted(known))}", place)


def override_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(name, path) of the files in a user's folder that replace a built-in template."""
    for part in PARTS:
        for name in files_of(part):
            if (path := folder / name).is_file():
                yield name, path


__all__ = ["MAILS", "PARTS", "Templates", "override_files"]
