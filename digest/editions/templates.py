"""The mail's templates: MJML is compiled to HTML once, and what stays is Jinja.

Every part has two files in ``templates/mail``, ``NAME.mjml.j2`` and its twin ``NAME.txt.j2``; a file of the same name
in the user's own folder replaces it. All MJML parts are compiled in one document, so that the shell's style sheet knows
the columns of the cards, and are cut apart again at marks.

MJML's compiler (mrml) drops what it does not know without a word, so two things are asserted: every tag is one of
MJML's, and every Jinja expression is still there afterwards, as often as before.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
from jinja2 import meta

from digest.editions.wrap import columns, wrap
from digest.errors import RenderError

PARTS: Mapping[str, frozenset[str]] = {
    "shell": frozenset(
        {"site", "subject", "preheader", "summary", "date", "why", "health", "body"}
        | {"online_url", "settings_url", "pause_url", "unsubscribe_url"}
    ),
    "notice": frozenset({"notice"}),
    "heading": frozenset({"title", "note"}),
    "card": frozenset(
        {"title", "url", "byline", "tldr", "more", "reason", "votes", "rising", "code_url", "stars"}
        | {"tune_url", "more_url", "less_url", "answer"}
    ),
    "missed": frozenset({"title", "url", "reason"}),
    "quiet": frozenset({"claim", "reason", "proof"}),
    "source": frozenset({"line"}),
}
"""Every part and the words its two templates are given; all are plain strings, empty where there is nothing to say."""

BODY = "<mj-raw>{{ body }}</mj-raw>"
"""Where the parts go, in the shell; it must stand there like this."""

_TAG_NAMES = """
    mjml mj-head mj-body mj-include mj-attributes mj-all mj-class mj-breakpoint mj-font mj-html-attributes mj-preview
    mj-style mj-title mj-accordion mj-accordion-element mj-accordion-title mj-accordion-text mj-button mj-carousel
    mj-carousel-image mj-column mj-divider mj-group mj-hero mj-image mj-navbar mj-navbar-link mj-raw mj-section
    mj-social mj-social-element mj-spacer mj-table mj-text mj-wrapper
"""
_MJML_TAGS = frozenset(_TAG_NAMES.split())
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_INDENT = re.compile(r"\n\s+")
_TAG = re.compile(r"<(/?)(mj[\w-]*)([^<>]*?)(/?)>")


@dataclass(frozen=True, slots=True)
class Source:
    """One template file as it was read."""

    name: str
    path: Path
    text: str

    def line_of(self, needle: str) -> int | None:
        at = self.text.find(needle)
        return self.text.count("\n", 0, at) + 1 if at >= 0 else None

    def error(self, message: str, line: int | None = None) -> RenderError:
        return RenderError(str(self.path), message, line)


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

    def __init__(self, html: Mapping[str, Source], text: Mapping[str, Source]) -> None:
        self._sources = {"html": html, "text": text}
        self._environments = {"html": _environment(html=True), "text": _environment(html=False)}
        for kind in ("html", "text"):
            for source in self._sources[kind].values():
                self._check(kind, source)
        compiled = compile_mjml(html)
        self._compiled = {
            "html": {name: self._environments["html"].from_string(body) for name, body in compiled.items()},
            "text": {name: self._environments["text"].from_string(source.text) for name, source in text.items()},
        }
        everything = "\0".join(f"{s.name}\0{s.text}" for group in (html, text) for s in group.values())
        self.version = hashlib.blake2b(everything.encode(), digest_size=8).hexdigest()

    @classmethod
    def load(cls, builtin: Path, override: Path | None = None) -> Templates:
        """From the folder ``builtin`` (``digest.resources.data_path("templates")``), files in ``override`` first.

        Raises RenderError, with file and line, for a template that can't work.
        """
        found: dict[str, dict[str, Source]] = {"mjml": {}, "txt": {}}
        for part in PARTS:
            for ending, group in found.items():
                name = f"mail/{part}.{ending}.j2"
                own = override / name if override is not None else None
                path = own if own is not None and own.is_file() else builtin / name
                try:
                    group[part] = Source(name, path, path.read_text("utf-8").replace("\r\n", "\n"))
                except (OSError, UnicodeDecodeError) as error:
                    raise RenderError(str(path), f"can't be read: {error}") from error
        return cls(found["mjml"], found["txt"])

    def html(self, part: str, values: Mapping[str, str]) -> str:
        """The part as HTML; values are escaped."""
        return self._render("html", part, values)

    def text(self, part: str, values: Mapping[str, str]) -> str:
        """The part as plain text."""
        return self._render("text", part, values)

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
        part = source.name.split("/")[-1].split(".")[0]
        if unknown := sorted(names - PARTS[part]):
            place = next(
                source.text[: m.start()].count("\n") + 1 for m in _JINJA.finditer(source.text) if unknown[0] in m[0]
            )
            raise source.error(f"unknown name {unknown[0]!r}; known here: {', '.join(sorted(PARTS[part]))}", place)


# ── MJML ────────────────────────────────────────────────────────────────────────────────────────────────────


def compile_mjml(sources: Mapping[str, Source]) -> dict[str, str]:
    """All MJML parts → their HTML, still with Jinja in it. Raises RenderError if anything would be lost."""
    for source in sources.values():
        _check_tags(source)
    shell = sources["shell"]
    if shell.text.count(BODY) != 1:
        raise shell.error(f"needs {BODY} exactly once: the place for the parts")
    inner = {name: source for name, source in sources.items() if name != "shell"}
    marked = "".join(
        f"<mj-raw>{_mark(n)}</mj-raw>{_COMMENT.sub('', s.text)}<mj-raw>{_mark(n)}</mj-raw>" for n, s in inner.items()
    )
    html = to_html(_COMMENT.sub("", shell.text).replace(BODY, BODY + marked), shell)
    compiled = {}
    for name in inner:
        before, body, after = html.split(_mark(name))
        compiled[name] = body
        html = before + after
    compiled["shell"] = html + "\n"
    compiled = {name: _INDENT.sub("\n", body) for name, body in compiled.items()}
    for name, source in sources.items():
        _check_survival(source, compiled[name])
    return compiled


def to_html(mjml: str, source: Source) -> str:
    """MJML → HTML, without a link to any font service."""
    import mjml as mrml  # 20 ms

    try:
        return mrml.mjml2html(mjml, fonts={})
    except ValueError as error:
        raise source.error(
            f"MJML does not understand it or one of its parts: {error} (is there a < inside Jinja?)"
        ) from error


def _mark(name: str) -> str:
    return f"%%%%{name}%%%%"


def _check_tags(source: Source) -> None:
    """mrml ignores tags it does not know and some that are not closed, with all that is in them."""
    opened: list[tuple[str, int]] = []
    bare = _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), source.text)
    for tag in _TAG.finditer(bare):
        line = bare.count("\n", 0, tag.start()) + 1
        closes, name, _, empty = tag.groups()
        if name not in _MJML_TAGS:
            raise source.error(f"<{name}> is not an MJML tag", line)
        if closes:
            if not opened or opened.pop()[0] != name:
                raise source.error(f"</{name}> closes a tag that is not open", line)
        elif not empty:
            opened.append((name, line))
    if opened:
        raise source.error(f"<{opened[-1][0]}> is not closed", opened[-1][1])


def _check_survival(source: Source, html: str) -> None:
    wanted = Counter(_JINJA.findall(_COMMENT.sub("", source.text)))
    kept = Counter(_JINJA.findall(html))
    for expression, times in wanted.items():
        if kept[expression] < times:
            raise source.error(f"MJML drops {expression} where it stands", source.line_of(expression))


def override_files(folder: Path) -> Iterator[Path]:
    """The files in a user's folder that replace a built-in template."""
    for part in PARTS:
        for ending in ("mjml", "txt"):
            if (path := folder / "mail" / f"{part}.{ending}.j2").is_file():
                yield path
