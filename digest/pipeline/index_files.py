"""The search index in files beside the database: made by one process, mapped by all, there again after a restart.

    digest.db.search/lock                    held by who reads the list or makes a newer index
    digest.db.search/index.json              the list: segments, which of their papers are gone, how new it is
    digest.db.search/3f…/tokens.npy, …       one segment, never changed once it has its name

Every file's checksum is in the list: a damaged or torn one is no index, and it is made again. What the list does not
name is taken away by the next who writes; who has it mapped keeps it until then.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import secrets
import shutil
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from digest.ranking.clusters import Clusters
from digest.ranking.postings import Postings
from digest.ranking.search import SearchIndex
from digest.ranking.segments import Segment

FORMAT: Final = 2
"""Raised when the arrays mean something else: other files are then made anew."""
_LIST: Final = "index.json"
_PAGE: Final = 4096
"""Smaller files are read: an empty one cannot be mapped."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """An index and how new it is."""

    index: SearchIndex
    basis: str
    """The version of the text basis that its vectors are of."""
    version: int
    """The number of the last source run that is in it."""
    seen: dt.datetime
    """When the store was read for it."""


class IndexFiles:
    """One process's view of the folder. Within :meth:`turn`, nobody else reads or writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, tuple[Segment, Mapping[str, int]]] = {}
        """Segments that are mapped here, with the checksums that were compared."""

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """
        Raises:
            OSError: the folder cannot be made or locked.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the process, however it ends
            yield
        finally:
            os.close(lock)

    def read(self) -> Kept | None:
        """The index as the list has it; None where there is none, or it is torn, damaged or of another program."""
        try:
            told = json.loads((self._folder / _LIST).read_bytes())
            if told["format"] != FORMAT:
                return None
            names = {name: self._segment(name, sums) for name, sums in told["segments"].items()}
            segments = [names[name][0].without(told["gone"].get(name, ())) for name in told["segments"]]
            self._names = names
            return Kept(
                index=SearchIndex(segments=tuple(segments)),
                basis=told["basis"],
                version=told["version"],
                seen=dt.datetime.fromisoformat(told["seen"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
            return None

    def write(self, kept: Kept) -> None:
        """Make it what :meth:`read` gives; segments that are there already are not written again.

        Raises:
            OSError: the disk is full, or nothing may be written there; the list is as it was.
        """
        known = {id(segment.ids): name for name, (segment, _) in self._names.items()}
        sums: dict[str, Mapping[str, int]] = {}
        gone: dict[str, list[int]] = {}
        for segment in kept.index.segments:
            if not segment.alive.any():
                continue
            name = known.get(id(segment.ids)) or secrets.token_hex(8)
            sums[name] = self._names[name][1] if name in self._names else self._put(name, segment)
            gone[name] = segment.ids[~segment.alive].tolist()
        told = {
            "format": FORMAT,
            "basis": kept.basis,
            "version": kept.version,
            "seen": kept.seen.isoformat(),
            "segments": sums,
            "gone": gone,
        }
        fresh = self._folder / f"{_LIST}.new"
        _write(fresh, json.dumps(told).encode())
        fresh.replace(self._folder / _LIST)
        for entry in self._folder.iterdir():
            if entry.is_dir() and entry.name not in sums:
                shutil.rmtree(entry, ignore_errors=True)

    def _put(self, name: str, segment: Segment) -> Mapping[str, int]:
        """The checksums of its files. What is torn by a crash has no list that names it."""
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        for part, array in _arrays(segment).items():
            with (folder / f"{part}.npy").open("wb") as file:
                np.save(file, array, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        return {part: _checksum(folder / f"{part}.npy") for part in _arrays(segment)}

    def _segment(self, name: str, sums: Mapping[str, int]) -> tuple[Segment, Mapping[str, int]]:
        """
        Raises:
            OSError, ValueError, EOFError: it is not there, or not as it was written.
        """
        if (mapped := self._names.get(name)) is not None and mapped[1] == sums:
            return mapped
        arrays: dict[str, Array] = {}
        for part, checksum in sums.items():
            path = self._folder / Path(name).name / f"{Path(part).name}.npy"
            if _checksum(path) != checksum:
                raise ValueError(f"{path} is damaged")
            mode: Any = "r" if path.stat().st_size > _PAGE else None
            # A plain view: numpy's own class of mapped arrays makes every slice slower.
            arrays[part] = np.load(path, mmap_mode=mode, allow_pickle=False).view(np.ndarray)
        return _segment_of(arrays), sums


def _arrays(segment: Segment) -> dict[str, Array]:
    postings, clusters = segment.postings, segment.clusters
    return {
        "ids": segment.ids,
        "announced_at": segment.announced_at,
        "tokens": segment.tokens,
        "ends": segment.ends,
        "vectors": segment.vectors,
        "keys": postings.keys,
        "starts": postings.starts,
        "docs": postings.docs,
        "impacts": postings.impacts,
        "centres": clusters.centres,
        "cluster_starts": clusters.starts,
        "order": clusters.order,
        "heads": clusters.heads,
    }


def _segment_of(arrays: Mapping[str, Array]) -> Segment:
    """
    Raises:
        KeyError: an array is missing.
    """
    return Segment(
        ids=arrays["ids"],
        announced_at=arrays["announced_at"],
        alive=np.ones(len(arrays["ids"]), dtype=bool),
        postings=Postings(keys=arrays["keys"], starts=arrays["starts"], docs=arrays["docs"], impacts=arrays["impacts"]),
        tokens=arrays["tokens"],
        ends=arrays["ends"],
        vectors=arrays["vectors"],
        clusters=Clusters(
            centres=arrays["centres"],
            starts=arrays["cluster_starts"],
            order=arrays["order"],
            heads=arrays["heads"],
        ),
    )


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
