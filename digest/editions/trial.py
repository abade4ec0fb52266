"""An operator's own templates, each tried by itself: does it compile, does it draw every mail, is it safe?

A template that works on calm papers may still break on a title that holds markup, or let it through; so each one is
drawn with samples that say the worst in every place.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from digest.editions import samples
from digest.editions.content import SiteInfo
from digest.editions.message import MOST_HTML, Composed, Composer
from digest.editions.parts import MAILS, PARTS, files_of, part_of
from digest.editions.recipe import part_html
from digest.editions.templates import Templates, override_files
from digest.errors import Problem, RenderError
from digest.palette import Palette

_NOW = dt.datetime(2026, 11, 22, 6, 30, tzinfo=dt.UTC)
_SITE = SiteInfo(name="Paper digest", sender="Paper digest <digest@localhost>", imprint="An imprint")
_MARKUP = re.compile(r"<script>alert|<img|[\"'\s]onmouseover=\"x", re.IGNORECASE)
_SPACE = 300
"""Bytes over the limit that a shortened mail may have: what says so is not counted to the byte."""


def try_templates(builtin: Path, folder: Path | None, palette: Palette) -> Iterator[Problem]:
    """Everything wrong with the templates in use: those of ``folder``, and the built-in ones around them."""
    own = list(override_files(folder)) if folder is not None and not _same(folder, builtin) else []
    if folder is not None and not _same(folder, builtin):
        yield from _strays(folder)
    broken = False
    for name, path in own:
        for problem in _tried(builtin, folder, palette, name, path):
            broken = True
            yield problem
    if not broken:  # each works by itself; do they together?
        yield from _tried(builtin, folder, palette, None, folder or builtin)


def _tried(builtin: Path, folder: Path | None, palette: Palette, only: str | None, path: Path) -> Iterator[Problem]:
    try:
        composer = Composer(Templates.load(builtin, folder, palette=palette, only=only), _SITE)
        for mail in MAILS:
            for compact in (False, True):
                samples.compose(composer, mail, _SITE, _NOW, compact=compact)
                drawn = samples.compose_hostile(composer, mail, _SITE, _NOW, compact=compact)
                if (clause := _fault(drawn)) is not None:
                    yield Problem(path, _line_of_safe(path), "", f"in the mail {mail!r}: {clause}")
                    return
    except RenderError as error:
        yield error.problem


def _fault(drawn: Composed) -> str | None:
    html = part_html(drawn.recipe, drawn.fragments)
    if _MARKUP.search(html):
        return "lets what a feed says through as markup; a word must be escaped, so take away `| safe`"
    if not drawn.recipe.subject:
        return "gives an empty subject"
    if len(html.encode()) > MOST_HTML + _SPACE:
        return f"takes {len(html.encode()):,} bytes for five papers; Gmail cuts a mail off at 102,400"
    return None


def _line_of_safe(path: Path) -> int | None:
    if not path.is_file():
        return None
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if re.search(r"\|\s*safe|autoescape", line):
            return number
    return None


def _strays(folder: Path) -> Iterator[Problem]:
    """Files that look like templates and replace none: a name that is slightly wrong would have no effect."""
    known = {name for part in PARTS for name in files_of(part)}
    for path in sorted([*folder.glob("*.j2"), *folder.glob("mail/*")]):
        name = path.relative_to(folder).as_posix()
        if name in known or path.name.startswith(".") or path.suffix != ".j2":
            continue
        near = difflib.get_close_matches(f"mail/{path.name}", known, n=1, cutoff=0.6)
        advice = f"did you mean {near[0]}?" if near else "`digest templates list` names them all"
        yield Problem(path, None, "", f"replaces no template; {advice}")


def in_use(builtin: Path, folder: Path | None) -> Iterator[tuple[str, Path | None]]:
    """(name, the operator's own file or None) of every template."""
    own = dict(override_files(folder)) if folder is not None and not _same(folder, builtin) else {}
    for part in PARTS:
        for name in files_of(part):
            yield name, own.get(name)


def copies(builtin: Path, name: str) -> Iterator[tuple[str, str]]:
    """(name below the folder, text) of the files to begin an own template from: a part's, or one file's.

    Each begins with the words that it is given. Raises KeyError if there is no such part or file.
    """
    part = part_of(name)
    files = files_of(part) if part in PARTS else ()
    chosen = [file for file in files if name in (part, file, file.rpartition("/")[2])]
    if not chosen:
        raise KeyError(name)
    words = "\n".join(f"     {word}: {meaning}" for word, meaning in PARTS[part].items())
    for file in chosen:
        colours = "     light.accent, dark.accent, …: colours of site.brand\n" if ".mjml." in file else ""
        comment = (
            f"{{# Words given here, each a plain text, empty where there is nothing to say:\n{words}\n{colours}#}}\n"
        )
        yield file, comment + (builtin / file).read_text("utf-8")


def _same(folder: Path, builtin: Path) -> bool:
    """A checkout's own templates folder is the built-in one."""
    return folder.exists() and folder.resolve() == builtin.resolve()
