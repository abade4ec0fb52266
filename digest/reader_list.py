"""A CSV file of readers with the proof of their consent → Subscribers and Evidence; or every problem, with its line.

    email,name,timezone,send,phrases,consent_at,consent_text,consent_ip
    ada@uni.example,Ada,Europe/Berlin,07:30,sparse attention; KV cache,2026-03-01T10:00Z,Our form,192.0.2.7

Columns are the keys of a reader's file that fit into a cell, lists by semicolons; nobody is imported without when and
to what they agreed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from digest.bibliography import is_bibliography
from digest.errors import ConfigError, Problem
from digest.model import Evidence, Subscriber
from digest.reader_file import ReaderFile
from digest.settings.document import Document, Location, Plain
from digest.settings.reading import Reading
from digest.settings.validation import validate

SETTINGS = ("id", "email", "name", "timezone", "send", "frequency", "weekday", "papers", "language", "layout")
LISTS = ("phrases", "categories", "authors", "examples")
PROOF = ("consent_at", "consent_text", "consent_ip", "consent_language")
COLUMNS = (*SETTINGS, *LISTS, *PROOF)
NEEDED = ("email", "timezone", "consent_at", "consent_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the list. ``subscriber.id`` is empty where the list gives none."""

    line: int
    subscriber: Subscriber
    evidence: Evidence


def read_reader_list(path: Path, *, now: dt.datetime) -> tuple[Listed, ...]:
    """All readers of a list; consent that is dated later than ``now`` is none.

    Raises:
        ConfigError: with all problems; then none of it is to be imported.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(path, None, "", f"cannot be read: {error.strerror or error}")]) from error
    return parse_reader_list(data, path, now=now, files=True)


def parse_reader_list(data: bytes, path: Path, *, now: dt.datetime, files: bool = False) -> tuple[Listed, ...]:
    """The same of a file's bytes.

    Args:
        path: what problems call it, and where paths in it begin.
        files: it may name files of references as examples; not where it comes from another machine.

    Raises:
        ConfigError: with all problems; then none of it is to be imported.
    """
    rows = csv.reader(io.StringIO(_text(data, path), newline=""), strict=True)
    try:
        header = [cell.strip().casefold() for cell in next(rows, [])]
        problems = list(_in_header(path, header))
        if problems:
            raise ConfigError(problems)
        found: list[Listed] = []
        for cells in rows:
            if any(cell.strip() for cell in cells):
                if not files and _names_files(header, cells):
                    problems.append(Problem(path, rows.line_num, "examples", "must be ids of papers, not a file"))
                    continue
                listed, wrong = _read(path, rows.line_num, header, cells, now)
                problems += wrong
                found += [listed] if listed is not None else []
    except csv.Error as error:
        raise ConfigError([Problem(path, rows.line_num, "", f"is not CSV: {error}")]) from error
    problems += _twice(path, found)
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def _text(data: bytes, path: Path) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError([Problem(path, line, "", "is not UTF-8; save it as CSV UTF-8")]) from error
    if "\0" in text:
        raise ConfigError([Problem(path, None, "", "is no text, or UTF-16; save it as CSV UTF-8")])
    return text


def _in_header(path: Path, header: Sequence[str]) -> Iterator[Problem]:
    if len(header) == 1 and ";" in header[0]:
        yield Problem(path, 1, "", "has semicolons between its columns; save it with commas, and lists by semicolons")
        return
    for name in header:
        if name not in COLUMNS:
            yield Problem(path, 1, name, f"unknown column; known are: {', '.join(COLUMNS)}")
    for name in NEEDED:
        if name not in header:
            yield Problem(path, 1, name, "the column is needed; its name stands in the first line")
    if len(set(header)) < len(header):
        yield Problem(path, 1, "", "a column stands there twice")


def _names_files(header: Sequence[str], cells: Sequence[str]) -> bool:
    examples = (cell for name, cell in zip(header, cells, strict=False) if name == "examples")
    return any(is_bibliography(part.strip()) for cell in examples for part in cell.split(";"))


def _read(
    path: Path, line: int, header: Sequence[str], cells: Sequence[str], now: dt.datetime
) -> tuple[Listed | None, list[Problem]]:
    if len(cells) != len(header):
        return None, [Problem(path, line, "", f"has {len(cells)} cells instead of {len(header)}; quote commas")]
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()}
    data: dict[str, Plain] = {}
    for name, cell in row.items():
        if name in SETTINGS:
            data[name] = cell
        elif name in LISTS:
            data[name] = [part.strip() for part in cell.split(";") if part.strip()]
    lines: dict[Location, int] = {(name,): line for name in (*data, *NEEDED)}
    document = Document(path=path, data=data, lines=lines)
    settings, found = validate(document, ReaderFile, Reading(folder=path.absolute().parent))
    problems = list(found)
    at = _instant(row.get("consent_at", ""), now)
    if at is None:
        message = "must be the instant of the consent, in the past, such as 2026-03-01T10:00+01:00 or 2026-03-01"
        problems.append(Problem(path, line, "consent_at", message))
    if "consent_text" not in row:
        problems.append(Problem(path, line, "consent_text", "is needed: what they agreed to, or where the proof is"))
    if settings is None or problems:
        return None, problems
    evidence = Evidence(
        at=at, text=row["consent_text"], language=row.get("consent_language", ""), ip=row.get("consent_ip")
    )
    return Listed(line=line, subscriber=settings.subscriber(""), evidence=evidence), []


def _instant(text: str, now: dt.datetime) -> dt.datetime | None:
    """ISO 8601; a date alone is its beginning, and a time without a zone is UTC."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    return at if at <= now else None


def _twice(path: Path, found: Sequence[Listed]) -> Iterator[Problem]:
    for key in ("email", "id"):
        first: dict[str, int] = {}
        for listed in found:
            value = str(getattr(listed.subscriber, key)).casefold()
            if value and first.setdefault(value, listed.line) != listed.line:
                yield Problem(path, listed.line, key, f"{value} stands in line {first[value]} already")
