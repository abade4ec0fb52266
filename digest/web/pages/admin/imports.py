"""Many readers from a CSV file: upload, look at what it says and at every mistake, then take all of it or nothing.

Between the two forms the list is with the operator: the preview carries it, packed and signed, so nothing of people who
are no readers yet is kept here, and what is confirmed is what was looked at.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import zlib
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException

from digest.errors import ConfigError, Problem
from digest.reader_list import COLUMNS, LISTS, NEEDED, Listed, parse_reader_list
from digest.web.door import HOME
from digest.web.pages.admin.desk import admin_page, done, record
from digest.web.routes import Answer, Asked, Document, Page, Sent, form, page
from digest.web.site import Site

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_READERS: Final = 5_000
"""Of one list: they are stored in one transaction, and the daemon waits for it."""
ROWS_SHOWN: Final = 10
PROBLEMS_SHOWN: Final = 200
_PLACE: Final = f"{HOME}/import"
_PURPOSE: Final = "digest import 1"
_SAMPLE: Final = (
    ("email", "name", "timezone", "send", "phrases", "categories", "consent_at", "consent_text"),
    ("ada@uni.example", "Ada", "Europe/Berlin", "07:30", "sparse attention; KV cache", "cs.LG", "2026-03-01T10:00Z",
     "Ticked on our sign-up form of March 2026"),
    ("eve@uni.example", "Eve Moore", "America/New_York", "06:45", "protein design", "", "2026-03-02",
     "On paper, in the library's folder B"),
)  # fmt: skip


def ask(asked: Asked) -> Answer:
    """``/admin/import``"""
    return _page(asked, {})


def take(sent: Sent) -> Answer:
    """A file that was chosen, or a list that was looked at and is now wanted."""
    if packed := sent.field("list"):
        return _store(sent, packed)
    upload = sent.files.get("file")
    data = upload.file.read(MOST_BYTES + 1) if upload is not None else b""
    name = Path((upload.filename if upload is not None else "") or "list.csv").name[:80]
    if not data.strip():
        return _refused(sent, name, [Problem(Path(name), None, "", "is empty; choose a CSV file")])
    if len(data) > MOST_BYTES:
        return _refused(sent, name, [Problem(Path(name), None, "", "is larger than 5 MB; split it")])
    try:
        listed = _read(sent, data, name)
    except ConfigError as error:
        return _refused(sent, name, error.problems)
    found = sent.app.members.import_list(listed, dry_run=True)
    values = {
        "name": name,
        "listed": listed[:ROWS_SHOWN],
        "size": len(listed),
        "added": len(found.added),
        "passed_over": list(found.passed_over.items())[:PROBLEMS_SHOWN],
        "passed": len(found.passed_over),
        "packed": pack(sent.site, data) if found.added else "",
    }
    return _page(sent, values)


def _store(sent: Sent, packed: str) -> Answer:
    try:
        listed = _read(sent, unpack(sent.site, packed), "list.csv")
    except ConfigError as error:  # it was right when it was looked at: another version of this program, another day
        return _refused(sent, "list.csv", error.problems)
    record(sent, "import", readers=len(listed))
    found = sent.app.members.import_list(listed)
    passed = f", {len(found.passed_over)} passed over" if found.passed_over else ""
    return done(sent, f"{HOME}/readers", f"{len(found.added)} readers imported{passed}.")


def _read(asked: Asked, data: bytes, name: str) -> tuple[Listed, ...]:
    path = Path(name)
    if data.count(b"\n") > 4 * MOST_READERS:
        raise ConfigError([Problem(path, None, "", f"has more than {MOST_READERS:,} readers; split it")])
    listed = parse_reader_list(data, path, now=asked.now)
    if len(listed) > MOST_READERS:
        raise ConfigError([Problem(path, None, "", f"has more than {MOST_READERS:,} readers; split it")])
    if not listed:
        raise ConfigError([Problem(path, None, "", "names nobody: there is a header, and no line below it")])
    return listed


def pack(site: Site, data: bytes) -> str:
    """A list as a field of a form, with our proof that it is the one that was looked at."""
    return base64.b64encode(site.ring.mac(_PURPOSE, data) + zlib.compress(data, 6)).decode()


def unpack(site: Site, packed: str) -> bytes:
    """Raises HTTPException (400): it is not one of ours."""
    try:
        raw = base64.b64decode(packed, validate=True)
        data = zlib.decompressobj().decompress(raw[16:], MOST_BYTES + 1)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise HTTPException(400) from error
    if len(data) > MOST_BYTES or not site.ring.proves(_PURPOSE, data, raw[:16]):
        raise HTTPException(400)
    return data


def sample(asked: Asked) -> Answer:
    """``/admin/import/sample.csv``"""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(_SAMPLE)
    return Document(body=out.getvalue().encode(), media_type="text/csv; charset=utf-8", filename="sample.csv")


def _refused(sent: Sent, name: str, problems: list[Problem] | tuple[Problem, ...]) -> Page:
    shown = [(problem.line, problem.key, problem.message) for problem in problems[:PROBLEMS_SHOWN]]
    return _page(sent, {"name": name, "problems": shown, "problem_count": len(problems)}, status=422)


def _page(asked: Asked, values: dict[str, object], *, status: int = 200) -> Page:
    ground: dict[str, object] = {
        "name": "",
        "problems": (),
        "problem_count": 0,
        "listed": (),
        "size": 0,
        "added": 0,
        "passed": 0,
        "passed_over": (),
        "packed": "",
        "columns": [(name, name in NEEDED, name in LISTS) for name in COLUMNS],
        "place": _PLACE,
        "most": MOST_READERS,
    }
    return admin_page(asked, "import", {**ground, **values}, here="import", status=status)


ROUTES = (
    form(_PLACE, take, show=ask, query=("said",), max_bytes=2 * MOST_BYTES),
    page(f"{_PLACE}/sample.csv", sample),
)
