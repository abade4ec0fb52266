"""A mail on a terminal: the parts and the words of the mail itself, drawn for the width that there is.

Titles are links where the terminal knows links (OSC 8), so each paper's byline carries its name too. Everything that is
printed went through :func:`digest.editions.clean.clean` when the mail was laid out: a title can't move the cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.rule import Rule
from rich.style import Style
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from digest.editions.blocks import Block
    from digest.pipeline.preview import Preview

WIDEST = 100
"""Columns: longer lines are hard to read."""


def print_mail(out: Console, shown: Preview) -> None:
    """The mail; a sent one, of which only the finished text is kept, as that text with a little colour."""
    if shown.draft is None or shown.content is None:
        _print_text(out, shown.recipe.subject, shown.text())
        return
    width = min(out.width, WIDEST)
    names = [view.paper.label for view in shown.content.picks]
    opening, *body = shown.draft.body
    shell, first, card = _words(shown.draft.shell), _words(opening), 0
    _line(out, Text(shell["subject"], "bold"), width)
    _line(out, Text(" · ".join(_some({**shell, **first}, "site", "date", "count", "reading")), "dim"), width)
    if rhythm := first.get("rhythm"):
        _line(out, Text(f"The welcome of a new reader; the next ones come {rhythm}."), width)
    for block in body:
        words = _words(block)
        if block.part.startswith("card"):
            card += 1
            _card(out, words, card, names[card - 1] if card <= len(names) else "", width)
        else:
            _other(out, block.part, words, width)
    out.print()
    for said in _some(shell, "shortened", "health", "why", "imprint"):
        _line(out, Text(said, "dim"), width)


def _words(block: Block) -> dict[str, str]:
    return {**dict(block.fixed), **block.holes}


def _some(words: Mapping[str, str], *names: str) -> list[str]:
    return [words[name] for name in names if words.get(name)]


def _line(out: Console, text: Text, width: int, indent: int = 0) -> None:
    out.print(Padding(text, (0, 0, 0, indent)), width=width)


def _card(out: Console, words: Mapping[str, str], number: int, name: str, width: int) -> None:
    lines = [_link(words.get("title", ""), words.get("url", ""), "bold")]
    lines.append(Text(" · ".join([*_some(words, "byline"), *([name] if name else [])]), "dim"))
    if tldr := words.get("tldr"):
        lines.append(Text.assemble(tldr, (f" {words['more']}" if words.get("more") else "", "dim")))
    if reason := words.get("reason"):
        lines.append(Text.assemble(("▎ ", "green"), ("Why: ", "bold green"), (reason, "green")))
    facts = Text("   ").join(_facts(words))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", width=3, style="cyan")
    grid.add_column(ratio=1)
    grid.width = width
    for place, line in enumerate([*lines, facts] if facts.plain else lines):
        grid.add_row("" if place else str(number), line)
    out.print()
    out.print(grid)


def _facts(words: Mapping[str, str]) -> list[Text]:
    facts = []
    if votes := words.get("votes"):
        facts.append(Text(" ".join([f"▲ {votes}", *_some(words, "rising")]), "yellow"))
    if url := words.get("code_url"):
        facts.append(_link("code" + (f" ★ {words['stars']}" if words.get("stars") else ""), url, "blue"))
    return facts


def _other(out: Console, part: str, words: Mapping[str, str], width: int) -> None:
    if part == "heading":
        out.print()
        title = Text(words.get("title", ""), "bold cyan")
        out.print(Rule(title, align="left", style="cyan"), width=width)
        if note := words.get("note"):
            _line(out, Text(note, "dim"), width, indent=4)
    elif part == "missed":
        out.print()
        _line(out, _link(words.get("title", ""), words.get("url", ""), ""), width, indent=4)
        if reason := words.get("reason"):
            _line(out, Text(reason, "green"), width, indent=4)
    elif part == "notice":
        out.print()
        _line(out, Text(words.get("notice", ""), "italic yellow"), width)
    else:
        out.print()
        for said in (said for name, said in words.items() if name != "when"):
            _line(out, Text(said), width)


def _link(text: str, url: str, style: str) -> Text:
    return Text(text, Style.parse(style or "none") + Style(link=url or None))


def _print_text(out: Console, subject: str, body: str) -> None:
    out.print(Text(subject, style="bold"))
    for line in body.splitlines():
        text = Text(line)
        if line.startswith("── "):
            text.stylize("bold cyan")
        elif line.strip().startswith("Why:"):
            text.stylize("green")
        text.highlight_regex(r"https?://\S+", "dim")
        out.print(text, soft_wrap=True)
