"""The mail's templates: MJML is compiled to HTML once, and what stays is Jinja.

Every part has an MJML file and a text twin, every mail a subject too (:mod:`digest.editions.parts`); a file of the same
name in the user's own folder replaces the built-in one. All MJML parts are compiled in one document, so that the
shell's style sheet knows the columns of the cards, and are cut apart again at marks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path

import jinja2
from jinja2 import meta
from jinja2.nodes import EvalContext
from markupsafe import Markup

from digest.editions.mjml import compile_mjml
from digest.editions.parts import MAILS, PARTS, files_of, part_of
from digest.editions.source_files import JINJA, Source
from digest.editions.wrap import columns, wrap
from digest.errors import RenderError
from digest.languages import Language
from digest.palette import Palette

_KINDS = {"mjml": "html", "txt": "text", "subject": "subject"}
"""What the files' endings hold."""


@lru_cache(maxsize=2)
def _environment(*, html: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        extensions=["jinja2.ext.i18n"],
        autoescape=html,  # noqa: S701  off for the text twin, which has no markup
        undefined=jinja2.StrictUndefined,
        trim_blocks=not html,
        lstrip_blocks=not html,
        keep_trailing_newline=True,
        cache_size=0,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # what is put into a message is escaped
    environment.filters["wrap"] = wrap
    environment.filters["bold"] = (lambda text: Markup("<b>%s</b>") % text) if html else (lambda text: text)
    environment.filters["rule"] = lambda text, sign="─": sign * columns(text)
    return environment


@lru_cache(maxsize=256)
def _compiled(body: str, *, html: bool) -> jinja2.Template:
    """Kept by what it says: when one file is edited, one template is compiled."""
    return _environment(html=html).from_string(body)


LOOKUPS = frozenset({"_", "gettext", "ngettext"})
"""What ``{% trans %}`` and ``_()`` are made of."""


@cache
def _lookups(language: Language) -> Mapping[str, object]:
    """Given to each rendering, so that a template is compiled once and speaks every language."""

    @jinja2.pass_eval_context
    def gettext(context: EvalContext, message: str, **values: object) -> str:
        found = language.gettext(message)
        return (Markup(found) if context.autoescape else found) % values  # noqa: S704  our own catalogues

    @jinja2.pass_eval_context
    def ngettext(context: EvalContext, one: str, many: str, num: int, **values: object) -> str:
        found = language.ngettext(one, many, num)
        return (Markup(found) if context.autoescape else found) % {"num": num, **values}  # noqa: S704  likewise

    return {"_": gettext, "gettext": gettext, "ngettext": ngettext}


class Templates:
    """The templates; Jinja compiles each when it is first needed. ``version`` changes with any of their files."""

    def __init__(
        self, sources: Mapping[str, Mapping[str, Source]], *, suspects: Collection[Source] | None = None
    ) -> None:
        """
        Args:
            sources: by kind (``html``, ``text``, ``subject``) and part.
            suspects: those to check before they are needed; by default all.

        Raises RenderError for one that can't work.
        """
        self._sources = sources
        self._bodies = {kind: {part: source.text for part, source in group.items()} for kind, group in sources.items()}
        checked = [
            (kind, part, source)
            for kind, group in sources.items()
            for part, source in group.items()
            if suspects is None or source in suspects
        ]
        for kind, _, source in checked:
            self._check(kind, source)
        self._bodies["html"] = compile_mjml(sources["html"])
        for kind, part, _ in checked:
            _compiled(self._bodies[kind][part], html=kind == "html")
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
        colours, suspects = palette or Palette.of(), []
        found: dict[str, dict[str, Source]] = {kind: {} for kind in _KINDS.values()}
        for part in PARTS:
            for name in files_of(part):
                own = override / name if override is not None and only in (None, name) else None
                path = own if own is not None and own.is_file() else builtin / name
                source = found[_KINDS[name.split(".")[1]]][part] = Source.read(name, path, colours)
                if path is own:
                    suspects.append(source)
        # The built-in ones are checked by the tests: checking them again takes a twentieth of a preview.
        return cls(found, suspects=suspects)

    def html(self, part: str, values: Mapping[str, str], language: Language) -> str:
        """The part as HTML; values are escaped."""
        return self._render("html", part, values, language)

    def text(self, part: str, values: Mapping[str, str], language: Language) -> str:
        """The part as plain text."""
        return self._render("text", part, values, language)

    def subject(self, mail: str, values: Mapping[str, str], language: Language) -> str:
        """The subject of a mail (one of ``MAILS``), as its template says it; not yet on one line."""
        return self._render("subject", mail, values, language)

    def messages(self) -> Iterator[str | tuple[str, ...]]:
        """What the compiled templates will look up in the catalogues: a message, or (one, many)."""
        for kind, bodies in self._bodies.items():
            for body in bodies.values():
                for _, _, found in _environment(html=kind == "html").extract_translations(body):  # type: ignore[attr-defined]
                    forms = (found,) if isinstance(found, str) else tuple(form for form in found if form is not None)
                    yield forms if len(forms) > 1 else forms[0]

    def mjml(self, part: str, values: Mapping[str, str], language: Language) -> str:
        """The part as MJML, rendered before it is compiled: the plain way, for comparison and for finding errors."""
        return _compiled(self._sources["html"][part].text, html=True).render({**values, **_lookups(language)})

    def _render(self, kind: str, part: str, values: Mapping[str, str], language: Language) -> str:
        given = {**dict.fromkeys(PARTS[part], ""), **values, **_lookups(language)}
        try:
            return _compiled(self._bodies[kind][part], html=kind == "html").render(given)
        except Exception as error:
            raise self._located(kind, part, given, error) from error

    def _located(self, kind: str, part: str, values: Mapping[str, object], error: Exception) -> RenderError:
        """The error with the line of the file: found by rendering the file itself, since compiling moved the lines."""
        source = self._sources[kind][part]
        try:
            _environment(html=kind == "html").from_string(source.text).render(values)
        except jinja2.TemplateSyntaxError as again:
            return source.error(str(again.message), again.lineno)
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
            tree = _environment(html=kind == "html").parse(source.text)
            names = meta.find_undeclared_variables(tree)
        except jinja2.TemplateSyntaxError as error:
            raise source.error(str(error.message), error.lineno) from error
        known = PARTS[part_of(source.name)]
        if unknown := sorted(names - known.keys() - LOOKUPS):
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
