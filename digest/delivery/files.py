"""The trial transport: every message becomes an .eml file, with its HTML beside it. Nothing leaves the machine."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import tempfile
from email import policy
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from digest.delivery.replies import Phase, Reply
from digest.errors import TransportError
from digest.model import Envelope


class FilesTransport:
    """Writes ``directory/YYYY-MM-DD/ADDRESS-ID.eml`` and ``.html``; the day is that of the Date header."""

    trial = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.name = f"files:{directory}"

    async def open(self) -> FilesSession:
        return FilesSession(self._directory)


class FilesSession:
    usable = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, envelope: Envelope, following: Envelope | None = None) -> Reply:
        try:
            path = await asyncio.to_thread(self._write, envelope)
        except OSError as error:
            raise TransportError(
                f"mail.files_dir {self._directory}: {error.strerror or error}",
                "make room there, or name another folder",
            ) from error
        return Reply(phase=Phase.DOT, code=250, text=f"written to {path}")

    def _write(self, envelope: Envelope) -> Path:
        folder = self._directory / _day(envelope.data)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{_slug(envelope.recipient)}-{envelope.delivery_id}.eml"
        _write_atomically(path, envelope.data)
        html = BytesParser(policy=policy.default).parsebytes(envelope.data).get_body(("html",))
        if html is not None:
            _write_atomically(path.with_suffix(".html"), html.get_content().encode("utf-8", "replace"))
        return path

    async def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


def forget_files(directory: Path, address: str) -> int:
    """Delete every mail to this address; returns how many files. The address is taken as it was written to."""
    name = re.compile(rf"{re.escape(_slug(address))}-\d+\.(eml|html)")
    theirs = [path for path in directory.glob("*/*") if name.fullmatch(path.name)]
    for path in theirs:
        path.unlink(missing_ok=True)
    return len(theirs)


def _day(data: bytes) -> str:
    """The date in the Date header as its writer saw it; ``undated`` if there is none that can be read."""
    written = BytesHeaderParser(policy=policy.compat32).parsebytes(data[: data.find(b"\r\n\r\n") + 2 or None])["Date"]
    try:
        moment: dt.datetime = parsedate_to_datetime(str(written))
    except ValueError:
        return "undated"
    return moment.date().isoformat()


def _slug(address: str) -> str:
    """An address as a file name: letters, digits and ``@.+-_`` stay, the rest becomes ``_``; never a path."""
    return re.sub(r"[^\w@.+-]", "_", address).lstrip(".")[:80] or "nobody"


def _write_atomically(path: Path, data: bytes) -> None:
    """Whole or not at all: a reader of the folder never sees half a message."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
