"""Papers from a JSON Lines file on this machine, read again whenever it changed."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import SourceError
from digest.model import Batch
from digest.sources import jsonl
from digest.sources.base import FetchRequest, Page

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient


class FileSource:
    """One file (``.jsonl``, or gzipped ``.jsonl.gz``). Its entries carry the source's name."""

    def __init__(self, path: Path, *, name: str, max_bytes: int = 50_000_000) -> None:
        self._path = path
        self._name = name
        self._max_bytes = max_bytes

    @property
    def name(self) -> str:
        return self._name

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """One page: the whole file, or ``not_modified`` if its size and time are those of last time."""
        state = await asyncio.to_thread(self._state)
        if request.cursor == state:
            yield Page(batch=Batch(entries=(), announced=0), not_modified=True)
            return
        data = await asyncio.to_thread(self._read)
        batch = await asyncio.to_thread(jsonl.parse, data, now=request.now)
        entries = tuple(replace(entry, source=self._name) for entry in batch.entries)
        yield Page(batch=replace(batch, entries=entries), cursor=state)

    def _state(self) -> dict[str, object]:
        try:
            if not self._path.is_file():
                raise SourceError(self._name, f"{self._path.name}: no such file")
            status = self._path.stat()
        except OSError as error:
            raise self._unreadable(error) from error
        return {"size": status.st_size, "modified_ns": str(status.st_mtime_ns)}

    def _read(self) -> bytes:
        try:
            with self._path.open("rb") as plain:
                packed = plain.peek(2)[:2] == b"\x1f\x8b"
                data = (gzip.GzipFile(fileobj=plain) if packed else plain).read(self._max_bytes + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise self._unreadable(error) from error
        if len(data) > self._max_bytes:
            size = f"{self._max_bytes / 1e6:.3g} MB"
            raise SourceError(self._name, f"{self._path.name} is larger than {size}; sources.max_bytes sets the limit")
        return data

    def _unreadable(self, error: Exception) -> SourceError:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return SourceError(self._name, f"{self._path.name} cannot be read: {reason}")
