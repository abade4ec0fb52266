"""What is stored about a reader, for them to have: one readable JSON document, or a ZIP with their mails as well."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator, Mapping

from digest.editions.recipe import Recipe, assemble
from digest.errors import DigestError, NotFound
from digest.pipeline.rooms import Rooms
from digest.store.personal import PersonalRows, PlainRow, personal_rows

INTERNAL = frozenset({"id", "subscriber_id", "delivery_id", "paper_id", "times_hash", "lease_token", "lease_until"})
"""Columns that say nothing about a reader: numbers and marks of our own."""


def export(rooms: Rooms, reader_id: str) -> dict[str, object]:
    """Settings, consents, mails with what was in them and what became of them, feedback, suppressions: all of it.

    Instants are ISO 8601 in UTC, dates are the reader's own.

    Raises:
        NotFound: no such reader.
    """
    rows = _rows_of(rooms, reader_id)
    reader = {name: value for name, value in rows.reader.items() if name not in INTERNAL | {"settings", "wanted"}}
    plain = {
        "made_at": rooms.clock(),
        "about": f"Everything that {rooms.config.site.name} has stored about the reader {reader_id}.",
        "reader": {"id": reader_id, **reader},
        "settings": rows.reader["settings"],
        "settings_to_be_confirmed": rows.reader["wanted"],
        "editions": list(_editions(rows)),
        **{name: [_told(row, rows) for row in table] for name, table in rows.others.items()},
        "suppressions": [dict(row) for row in rows.suppressions],
    }
    document: dict[str, object] = json.loads(json.dumps(plain, default=_iso))
    return document


def export_zip(rooms: Rooms, reader_id: str) -> bytes:
    """``data.json``, and ``mails/DATE.eml`` for each mail whose text is still kept.

    Raises:
        NotFound: no such reader.
    """
    rows, packed = _rows_of(rooms, reader_id), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        document = json.dumps(export(rooms, reader_id), ensure_ascii=False, indent=1)
        archive.writestr("data.json", document)
        for mail in rows.deliveries:
            if (recipe := _recipe(mail)) is not None and (message := _message(rooms, recipe)) is not None:
                trial = "-trial" if mail["trial"] else ""
                archive.writestr(f"mails/{mail['edition']}{trial}.eml", message)
    return packed.getvalue()


def _rows_of(rooms: Rooms, reader_id: str) -> PersonalRows:
    rows = personal_rows(rooms.db, reader_id)
    if rows is None:
        raise NotFound(f"no reader {reader_id!r}")
    return rows


def _editions(rows: PersonalRows) -> Iterator[dict[str, object]]:
    for mail in sorted(rows.deliveries, key=lambda one: (str(one["edition"]), str(one["trial"]))):
        recipe = _recipe(mail)
        reasons = {pick.paper_id: pick for pick in recipe.picks} if recipe is not None else {}
        carried = [one for one in rows.sent_papers if one["delivery_id"] == mail["id"]]
        picks: list[dict[str, object]] = []
        for one in sorted(carried, key=lambda one: int(str(one["position"]))):
            pick = reasons.get(int(str(one["paper_id"])))
            why = {"lane": pick.lane, "reason": pick.reason, "score": pick.score} if pick is not None else {}
            picks.append({"position": one["position"], **_paper(one, rows), **why})
        yield {
            **{name: value for name, value in mail.items() if name not in INTERNAL | {"recipe"}},
            "subject": recipe.subject if recipe is not None else None,
            "papers": picks,
            "attempts": [_told(one, rows) for one in rows.attempts if one["delivery_id"] == mail["id"]],
        }


def _told(row: PlainRow, rows: PersonalRows) -> dict[str, object]:
    return {**{name: value for name, value in row.items() if name not in INTERNAL}, **_paper(row, rows)}


def _paper(row: PlainRow, rows: PersonalRows) -> Mapping[str, object]:
    number = row.get("paper_id")
    return {"paper": rows.papers.get(number)} if isinstance(number, int) else {}


def _recipe(mail: PlainRow) -> Recipe | None:
    """None when it was pruned, or is of a format that this program does not read."""
    blob = mail["recipe"]
    try:
        return Recipe.from_bytes(blob) if isinstance(blob, bytes) else None
    except (ValueError, KeyError):
        return None


def _message(rooms: Rooms, recipe: Recipe) -> bytes | None:
    try:
        return assemble(recipe, rooms.fragments.get(recipe.hashes))
    except DigestError:  # a fragment of it was pruned
        return None


def _iso(value: object) -> object:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
