"""YAML text → plain data in which every scalar is the text that was typed, and the line of every value.

Settings are read as text because YAML's own guesses are traps here: it turns ``2305.10430`` into a float that has lost
its zero, ``07:30`` into 27000, and ``no`` into False. What a value means is decided by the key it stands under.

The data is built from libyaml's events, not from its nodes: composing nodes recurses in C, and a file of 100,000
opening brackets ends the process. Depth, size and what aliases expand to are bounded for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from digest.errors import ConfigError, Problem
from digest.settings.yaml_errors import explain

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_VALUES = 50_000
"""Values in one document, with what its aliases stand for written out."""

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"
"""None is an empty value, ``~`` or ``null``."""
Location: TypeAlias = tuple[str | int, ...]

_LOADER: type[yaml.BaseLoader | yaml.CBaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_EMPTY = frozenset({"", "~", "null", "Null", "NULL"})
_TAG = "tag:yaml.org,2002:"
_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")) | {"!"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One settings file. ``problems`` are those that let the rest be read (a key given twice)."""

    path: Path
    data: Mapping[str, Plain]
    lines: Mapping[Location, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    origins: Mapping[Location, str] = field(default_factory=dict)
    """Values that are not the file's own: where they came from, as in "environment variable DIGEST_STORE"."""

    def line_of(self, location: Location) -> int | None:
        """The line of a value (counted from 1), or of the nearest thing around it."""
        for end in range(len(location), 0, -1):
            if location[:end] in self.lines:
                return self.lines[location[:end]]
        return 1 if self.lines else None

    def where(self, typed: str) -> Location:
        """Where a text first stands as a value; () if it does not."""
        return next((location for location, value in _scalars(self.data, ()) if value.strip() == typed), ())

    def problem(self, location: Location, message: str) -> Problem:
        """A problem with the value at ``location``."""
        key = ".".join(part for part in location if isinstance(part, str))
        if origin := self.origins.get(location):
            return Problem(self.path, None, f"{key} ({origin})", message)
        return Problem(self.path, self.line_of(location), key, message)


def _scalars(value: Plain | Mapping[str, Plain], location: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, str):
        yield location, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _scalars(inner, (*location, key))
    elif value is not None:
        for number, inner in enumerate(value):
            yield from _scalars(inner, (*location, number))


def read_document(path: Path) -> Document:
    """Read a settings file.

    Raises:
        ConfigError: with one problem: the file cannot be read, is no UTF-8, no YAML, empty, too big, or no mapping.
    """
    return parse_document(read_text(path), path)


def read_text(path: Path) -> str:
    """The text of a small UTF-8 file, without a byte order mark.

    Raises:
        ConfigError: it is not there, not readable, too big, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _refusal(path, None, f"cannot be read: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise _refusal(path, None, f"is larger than {MAX_BYTES // 1_000_000} MB; is it really a settings file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refusal(path, line, f"is not UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8") from error


def parse_document(text: str, path: Path) -> Document:
    """Parse the text of a settings file; ``path`` is for the problems only.

    Raises:
        ConfigError: as :func:`read_document`.
    """
    builder = _Builder(path)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.YAMLError as error:
        line, message = explain(error, text)
        raise _refusal(path, line, message) from error
    if builder.root is None:
        raise _refusal(path, None, "is empty; `digest init` writes one to start from")
    if not isinstance(builder.root, dict):
        found = "a list" if isinstance(builder.root, list) else "one value"
        raise _refusal(path, 1, f"holds {found} at the top; it must hold keys, such as `name: value`")
    return Document(path=path, data=builder.root, lines=builder.lines, problems=tuple(builder.problems))


def _events(text: str) -> Iterator[yaml.Event]:
    yield from yaml.parse(text, Loader=_LOADER)


def _refusal(path: Path, line: int | None, message: str) -> ConfigError:
    return ConfigError([Problem(path, line, "", message)])


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is still open; ``key`` is the mapping key that waits for its value."""

    container: list[Plain] | dict[str, Plain]
    location: Location
    anchor: str | None
    started_at: int
    """How many values there were before it: the difference at its end is its size."""
    key: str | None = None
    key_line: int = 0


class _Builder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.root: Plain = None
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []
        self._open: list[_Frame] = []
        self._anchors: dict[str, tuple[Plain, int]] = {}
        self._values = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _refusal(self.path, line, "a second document begins with `---`; keep one per file")
            case yaml.ScalarEvent():
                self._check_tag(event.tag, line)
                plain = not event.style and event.tag in {None, f"{_TAG}null"}
                self._scalar(None if plain and event.value in _EMPTY else event.value, event.value, event.anchor, line)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._check_tag(event.tag, line)
                self._enter([] if isinstance(event, yaml.SequenceStartEvent) else {}, event.anchor, line)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                frame = self._open.pop()
                if frame.anchor:
                    self._anchors[frame.anchor] = (frame.container, self._values - frame.started_at)
            case yaml.AliasEvent():
                self._alias(event.anchor, line)

    def _check_tag(self, tag: str | None, line: int) -> None:
        if tag is not None and tag not in _TAGS:
            raise _refusal(self.path, line, f"the tag {tag!r} means nothing here; quote a text that begins with !")

    def _scalar(self, value: str | None, typed: str, anchor: str | None, line: int) -> None:
        frame = self._open[-1] if self._open else None
        if frame is not None and isinstance(frame.container, dict) and frame.key is None:
            self._key(frame, typed, line)
            return
        self._count(1, line)
        if anchor:
            self._anchors[anchor] = (value, 1)
        self._place(value, line)

    def _key(self, frame: _Frame, key: str, line: int) -> None:
        if isinstance(frame.container, dict) and key in frame.container:
            first = self.lines.get((*frame.location, key), line)
            name = ".".join(str(part) for part in (*frame.location, key) if isinstance(part, str))
            self.problems.append(Problem(self.path, line, name, f"is given twice, first in line {first}; keep one"))
        frame.key, frame.key_line = key, line

    def _enter(self, container: list[Plain] | dict[str, Plain], anchor: str | None, line: int) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _refusal(self.path, line, f"is nested more than {MAX_DEPTH} levels deep")
        started_at = self._values
        self._count(1, line)
        location = self._place(container, line)
        self._open.append(_Frame(container, location, anchor, started_at))

    def _alias(self, anchor: str | None, line: int) -> None:
        if anchor is None or anchor not in self._anchors:
            raise _refusal(self.path, line, f"*{anchor} stands for nothing above it; quote a text that begins with *")
        value, size = self._anchors[anchor]
        self._count(size, line)
        self._place(value, line)

    def _count(self, values: int, line: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _refusal(self.path, line, f"holds more than {MAX_VALUES:,} values, counting what aliases stand for")

    def _place(self, value: Plain, line: int) -> Location:
        """Put a value where it belongs; returns its location."""
        if not self._open:
            self.root = value
            return ()
        frame = self._open[-1]
        if isinstance(frame.container, list):
            location: Location = (*frame.location, len(frame.container))
            frame.container.append(value)
        elif frame.key is None:
            raise _refusal(self.path, line, "a key must be one plain word, not a list, a mapping or an alias")
        else:
            location, line = (*frame.location, frame.key), frame.key_line
            frame.container.setdefault(frame.key, value)
            frame.key = None
        self.lines.setdefault(location, line)
        return location
