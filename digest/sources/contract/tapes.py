"""Folders of recorded answers: a manifest and one file an answer, so that tests can replay them.

    Tape ──save──▶ DIR/manifest.json, DIR/001.json, …      ──load──▶ Tape

The manifest says of each answer its address, status, the headers that matter, and when it came; and what was asked of
the source, so that a replay asks the same.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from digest.errors import DigestError
from digest.sources.base import FetchRequest
from digest.sources.contract.recording import Recorded, Tape
from digest.sources.loose_json import loads, mapping, sequence, text
from digest.sources.text import instant

MANIFEST = "manifest.json"


class RecordingError(DigestError):
    """A folder of recordings cannot be used; says which and why."""


def save(tape: Tape, folder: Path) -> None:
    """Write a tape; what an earlier manifest there names is replaced, other files stay."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / MANIFEST).exists():
        for answer in sequence(_manifest(folder).get("answers")):
            if name := _file_name(mapping(answer)):
                (folder / name).unlink(missing_ok=True)
    told = []
    for number, answer in enumerate(tape.answers, start=1):
        name = f"{number:03}.{_ending(answer)}"
        (folder / name).write_bytes(answer.body)
        told.append(
            {
                "file": name,
                "url": answer.url,
                "status": answer.status,
                "at": answer.at.isoformat(timespec="seconds"),
                "headers": dict(answer.headers),
                **({} if answer.whole else {"whole": False}),
            }
        )
    look_back = tape.request.look_back
    asked = {
        "now": tape.request.now.isoformat(timespec="seconds"),
        "look_back_s": int(look_back.total_seconds()) if look_back else None,
        "categories": list(tape.request.categories),
        "pages": tape.pages,
    }
    manifest = {"source": tape.source, "asked": asked, "answers": told}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(folder: Path) -> Tape:
    """The tape in a folder.

    Raises:
        RecordingError: there is none, or the manifest is not one of ours.
    """
    manifest = _manifest(folder)
    asked = mapping(manifest.get("asked"))
    now = instant(text(asked.get("now")))
    if now is None:
        raise RecordingError(f"{folder / MANIFEST}: asked.now is no date")
    look_back, pages = asked.get("look_back_s"), asked.get("pages")
    answers = [_loaded(folder, mapping(answer), now) for answer in sequence(manifest.get("answers"))]
    return Tape(
        source=text(manifest.get("source")),
        answers=tuple(answers),
        pages=pages if isinstance(pages, int) else None,
        request=FetchRequest(
            now=now,
            look_back=dt.timedelta(seconds=look_back) if isinstance(look_back, int) else None,
            categories=tuple(text(one) for one in sequence(asked.get("categories"))),
        ),
    )


def _manifest(folder: Path) -> dict[str, object]:
    path = folder / MANIFEST
    try:
        found = loads(path.read_bytes())
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}; `digest sources record` writes one") from error
    except ValueError as error:
        raise RecordingError(f"{path}: {error}") from error
    return dict(mapping(found))


def _loaded(folder: Path, answer: dict[str, object] | object, now: dt.datetime) -> Recorded:
    told = mapping(answer)
    name, status = _file_name(told), told.get("status")
    if not name or not isinstance(status, int):
        raise RecordingError(f"{folder / MANIFEST}: an answer without a file of this folder, or without a status")
    try:
        body = (folder / name).read_bytes()
    except OSError as error:
        raise RecordingError(f"{folder / name}: {error.strerror}") from error
    return Recorded(
        url=text(told.get("url")),
        status=status,
        body=body,
        at=instant(text(told.get("at"))) or now,
        headers=tuple((name.lower(), text(value)) for name, value in mapping(told.get("headers")).items()),
        whole=told.get("whole") is not False,
    )


def _file_name(answer: object) -> str:
    """The file that an answer names, if it lies in the folder itself."""
    name = text(mapping(answer).get("file"))
    return name if name and name == Path(name).name and name not in (".", "..", MANIFEST) else ""


def _ending(answer: Recorded) -> str:
    kind, start = answer.header("content-type").lower(), answer.content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if "html" in kind or start.startswith((b"<!doctype html", b"<html")):
        return "html"
    if "json" in kind or start[:1] in (b"{", b"["):
        return "json"
    return "xml" if "xml" in kind or start[:1] == b"<" else "txt"
