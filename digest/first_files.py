"""The two files of a new installation, as text: a small commented config.yaml and a reader's file with named lanes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from digest import lane_names
from digest.bibliography import Bibliography
from digest.settings.addresses import format_mailbox

_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._@/+-]*[A-Za-z0-9._@/+-])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a new reader said, each value already checked. ``bib`` is as seen from the reader's file."""

    id: str
    email: str
    name: str
    timezone: str
    send: str = "07:30"
    interests: tuple[tuple[str, ...], ...] = ()
    """One lane each: phrases that mean the same interest."""
    categories: tuple[str, ...] = ()
    """The reader's fields."""
    arxiv: tuple[str, ...] = ()
    bib: Path | None = None
    bibliography: Bibliography | None = None


def config_text(answers: Answers) -> str:
    """config.yaml: a trial that writes mails into a folder, with the lines that make it send beside."""
    site = f"{answers.name}'s papers" if answers.name else "My papers"
    return f"""\
# Every key: docs/configuration.md. `digest check` tells what is wrong in here.
site:
  name: {scalar(site)}
  contact: {scalar(answers.email)}   # goes into the User-Agent, as arXiv asks for

store: sqlite:///digest.db

sources:
  arxiv: true            # the categories follow from your lanes
  huggingface: true      # Daily Papers: what is being voted for
  # feeds: [https://lab.example.org/news.xml]

mail:
  transport: files       # a trial: mails are written to outbox/ and count as not sent
  # To send, replace the line above by these and set the variable:
  # transport: smtp
  # preset: gmail        # or outlook, microsoft365, fastmail, local; or server: smtp://user@host:587
  # password: {{env: DIGEST_SMTP_PASSWORD}}
  from: {scalar(format_mailbox(site, answers.email))}
"""


def reader_text(answers: Answers) -> str:
    """subscribers/ID.yaml."""
    lanes = "".join(_lanes(answers))
    head = "lanes:                   # each is one interest; the best one names the reason in the mail\n"
    none = "# No lanes yet: you get what is trending. A lane is phrases, authors, categories or example papers:\n"
    name = f"name: {scalar(answers.name)}\n" if answers.name else ""
    sample = "# lanes:\n#   - name: Sparse attention\n#     phrases: [sparse attention, KV cache]\n"
    return f"""\
email: {scalar(answers.email)}
{name}timezone: {answers.timezone}
send: {answers.send}              # on the mornings after arXiv announces
papers: 10
balance: 0.7             # 0 = what is trending, 1 = what is yours

{head + lanes if lanes else none + sample}
# mute: {{words: [survey], authors: [], categories: []}}
quiet_day: skip          # or send: a mail even when nothing is good enough
"""


def scalar(text: str) -> str:
    """A text as a YAML scalar that this program reads back unchanged; quoted only where it must be."""
    if _PLAIN.fullmatch(text) and text.lower() != "null":
        return text
    # JSON's strings are YAML's double-quoted ones, once the few signs that end a line in YAML are escaped.
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]", lambda sign: f"\\u{ord(sign[0]):04x}", quoted
    )


def sequence(texts: Iterable[str]) -> str:
    """A YAML list on one line."""
    return f"[{', '.join(map(scalar, texts))}]"


def _lanes(answers: Answers) -> list[str]:
    taken: list[str] = []
    written = []

    def add(name: str, **kinds: Sequence[str]) -> None:
        taken.append(lane_names.unused(name, taken))
        rows = [f"    {kind}: {sequence(values)}\n" for kind, values in kinds.items() if values]
        written.append(f"  - name: {scalar(taken[-1])}\n{''.join(rows)}")

    # Beside phrases a category is only a hint, and says which lists are read; alone it would be a lane of everything.
    for phrases in answers.interests:
        add(lane_names.name_of(phrases=phrases), phrases=phrases, categories=answers.categories)
    if answers.arxiv or answers.bib:
        examples = [*answers.arxiv, *([answers.bib.as_posix()] if answers.bib else [])]
        add(_name_of_examples(answers), categories=answers.categories, examples=examples)
    if answers.categories and not written:
        add(lane_names.name_of(categories=answers.categories), categories=answers.categories)
    return written


def _name_of_examples(answers: Answers) -> str:
    """The examples' most typical words, else the name of the bibliography, else the first paper."""
    if answers.bibliography and (name := lane_names.name_from_titles(e.title for e in answers.bibliography.entries)):
        return name
    if answers.bib:
        return lane_names.capitalised(re.sub(r"[\W_]+", " ", answers.bib.stem).strip() or "My papers")
    return f"Papers like {answers.arxiv[0]}"
