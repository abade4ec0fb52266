"""Subscriber files → Subscribers. One broken file stops neither the others nor the daemon.

    subscribers/ada.yaml ──document──▶ plain data ──ReaderFile──▶ Subscriber      good
                             └───────── problems with lines ─────────────────▶     broken, under the same id

The second half is the way into the store and back, which keeps the last good settings of every reader.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import ConfigError, Problem, StoreError, SubscriberError
from digest.model import Subscriber
from digest.reader_file import ReaderFile, check_id
from digest.settings.document import Document, read_document
from digest.settings.reading import Reading
from digest.settings.validation import hints, validate

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SUFFIXES = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSubscriber:
    """One good file. ``digest`` changes when the settings do; ``files`` are the bibliographies it names."""

    subscriber: Subscriber
    path: Path
    digest: str
    paused: bool = False
    hints: tuple[Problem, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberFiles:
    """All files of the folder, by name: the good ones, and the problems of each broken one under its reader's id."""

    good: tuple[LoadedSubscriber, ...] = ()
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for problems in self.broken.values() for problem in problems)


def load_subscribers(folder: Path) -> SubscriberFiles:
    """Read every ``*.yaml`` and ``*.yml`` of the folder, but hidden ones.

    A file's reader is its ``id:``, or its name without the suffix. Files that claim one id or one address are all
    broken, since no order among them would be right.

    Raises:
        SubscriberError: the folder itself is not there or not readable. It is not taken for an empty one: that would
            pause every reader when a disk is not mounted.
    """
    good: list[LoadedSubscriber] = []
    broken: dict[str, tuple[Problem, ...]] = {}
    for path in subscriber_paths(folder):
        loaded = read_subscriber(path)
        if isinstance(loaded, LoadedSubscriber):
            good.append(loaded)
        else:
            reader, problems = loaded
            broken[reader] = (*broken.get(reader, ()), *problems)
    for loaded, problem in _duplicates(good):
        broken[loaded.subscriber.id] = (*broken.get(loaded.subscriber.id, ()), problem)
        good = [other for other in good if other is not loaded]
    # A file that could not say its id may be named like somebody else's: it must not hold back a good one.
    whole = {loaded.subscriber.id for loaded in good}
    return SubscriberFiles(
        good=tuple(good),
        broken={problems[0].path.name if reader in whole else reader: problems for reader, problems in broken.items()},
    )


def subscriber_paths(folder: Path) -> list[Path]:
    """The subscriber files of a folder in the order of their names.

    Raises:
        SubscriberError: as :func:`load_subscribers`.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        reason = f"the folder cannot be read: {error.strerror or error}; create it, or name another as `subscribers:`"
        raise SubscriberError([Problem(folder, None, "", reason)]) from error
    return [
        path for path in paths if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]


def read_subscriber(path: Path) -> LoadedSubscriber | tuple[str, tuple[Problem, ...]]:
    """One file: its reader, or (id, problems)."""
    try:
        document = read_document(path)
    except ConfigError as error:
        return path.stem, error.problems
    around = Reading(folder=path.absolute().parent)
    settings, problems = validate(document, ReaderFile, around)
    reader, id_problem = _reader_id(document, path)
    if id_problem is not None:
        problems = (*problems, id_problem)
    if settings is None or problems:
        return reader, problems
    subscriber = settings.subscriber(reader)
    return LoadedSubscriber(
        subscriber=subscriber,
        path=path,
        digest=settings_hash(subscriber),
        paused=settings.paused,
        hints=hints(document, around),
        files=tuple(dict.fromkeys(around.files)),
    )


def _reader_id(document: Document, path: Path) -> tuple[str, Problem | None]:
    """The id a file claims, also when the rest of it is broken."""
    claimed = document.data.get("id")
    try:
        if isinstance(claimed, str):
            return check_id(claimed), None
        return check_id(path.stem), None
    except ValueError:
        if isinstance(claimed, str):
            return path.stem, None  # told by the model
        message = f"the file's name {path.stem!r} cannot be an id; rename the file or add `id:`"
        return path.stem, Problem(path, None, "id", message)


def _duplicates(good: list[LoadedSubscriber]) -> Iterator[tuple[LoadedSubscriber, Problem]]:
    by_id: dict[str, list[LoadedSubscriber]] = defaultdict(list)
    by_address: dict[str, list[LoadedSubscriber]] = defaultdict(list)
    for loaded in good:
        by_id[loaded.subscriber.id.casefold()].append(loaded)
        by_address[loaded.subscriber.email.casefold()].append(loaded)
    for key, groups in (("id", by_id), ("email", by_address)):
        for value, same in groups.items():
            for loaded in same if len(same) > 1 else ():
                others = ", ".join(other.path.name for other in same if other is not loaded)
                line = _line_of(loaded.path, key)
                yield (
                    loaded,
                    Problem(loaded.path, line, key, f"{value} is also in {others}; each reader needs one of their own"),
                )


def _line_of(path: Path, key: str) -> int | None:
    try:
        return read_document(path).line_of((key,))
    except ConfigError:  # changed since it was read
        return None


# ── the store's form ────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Subscriber]:
    from pydantic import TypeAdapter

    return TypeAdapter(Subscriber)


def subscriber_to_json(subscriber: Subscriber) -> dict[str, object]:
    """A subscriber as JSON types: tuples are lists, times ``07:30:00``, identifiers ``{"scheme", "value"}``."""
    plain: dict[str, object] = _adapter().dump_python(subscriber, mode="json")
    return plain


def subscriber_from_json(data: Mapping[str, object]) -> Subscriber:
    """Back from :func:`subscriber_to_json`. Keys that are not known any more are passed over, missing ones default.

    Raises:
        StoreError: the data does not describe a subscriber.
    """
    from pydantic import ValidationError

    try:
        return _adapter().validate_python(dict(data))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise StoreError(
            f"the stored settings of reader {data.get('id')!r} are damaged: {where}: {first['msg']}"
        ) from error


def settings_hash(subscriber: Subscriber) -> str:
    """32 hex digits that change with any setting, and are the same on every machine."""
    plain = json.dumps(subscriber_to_json(subscriber), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()[:32]
