"""All readers, and one of them: what is known, what they agreed to, what they got; pause, resume, erase, a new link.

A search is a POST although it changes nothing: what is typed is an address, and the addresses of pages stand in the
logs of the web server before us and in the browser's history.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Final

from starlette.exceptions import HTTPException

from digest.errors import DigestError
from digest.model import ReaderState
from digest.pipeline.membership import Membership
from digest.schedule import local_instant
from digest.store.acts import ActStore
from digest.store.outbox import Filters
from digest.store.reader_index import ReaderIndex
from digest.store.subscribers import KnownReader
from digest.web.door import HOME
from digest.web.pager import pager
from digest.web.pages.admin.desk import admin_page, by_operator, done, record, who
from digest.web.routes import Answer, Asked, Document, Page, Sent, form
from digest.web.urls import segment

ON_A_PAGE: Final = 50
_MOST_PAGES: Final = 10_000
_DELIVERIES: Final = 40
_LIST: Final = f"{HOME}/readers"
_COLUMNS: Final = ("id", "email", "name", "state", "origin", "timezone", "send", "frequency", "lanes", "next", "last")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def show_all(asked: Asked) -> Answer:
    """``/admin/readers``"""
    return _listed(asked, "", asked.query.get("state", ""), asked.query.get("page", ""))


def find(sent: Sent) -> Answer:
    return _listed(sent, sent.field("q")[:200], sent.field("state"), sent.field("page"))


def _listed(asked: Asked, words: str, chosen: str, page_number: str) -> Page:
    state = ReaderState(chosen) if chosen in set(ReaderState) else None
    index = ReaderIndex(asked.rooms.db)
    size, _ = index.page(words, state=state, start=0, limit=0)
    pages = pager(page_number, size, ON_A_PAGE, most=_MOST_PAGES)
    _, readers = index.page(words, state=state, start=pages.start, limit=ON_A_PAGE)
    values = {
        "q": words,
        "state": state,
        "counts": index.counts(),
        "size": size,
        "readers": readers,
        "pages": pages,
        "place": _LIST,
    }
    return admin_page(asked, "readers", values, here="readers")


def show_one(asked: Asked) -> Answer:
    """``/admin/readers/ID``"""
    return _one(asked, _reader(asked))


def _one(asked: Asked, reader: KnownReader, *, wrong: str = "", status: int = 200) -> Page:
    rooms, reader_id = asked.rooms, reader.subscriber.id
    membership = Membership(rooms)
    return admin_page(
        asked,
        "reader",
        {
            "reader": reader,
            "consents": membership.record(reader_id),
            "wanted": membership.wanted(reader_id),
            "deliveries": rooms.outbox.listing(Filters(subscriber_id=reader_id, limit=_DELIVERIES)),
            "feedback": len(rooms.feedback.history(reader_id)),
            "suppressed": rooms.outbox.is_suppressed(reader.subscriber.email, now=asked.now),
            "place": _place(reader_id),
            "wrong": wrong,
        },
        here="readers",
        status=status,
    )


def act(sent: Sent) -> Answer:
    """One of the buttons on a reader's page; what cannot be done is said there."""
    reader = _reader(sent)
    verb = {"pause": _pause, "resume": _resume, "erase": _erase, "link": _link}.get(sent.field("act"))
    if verb is None:
        raise HTTPException(400)
    try:
        return verb(sent, reader)
    except DigestError as error:
        return _one(sent, reader, wrong=str(error), status=409)


def _pause(sent: Sent, reader: KnownReader) -> Answer:
    until, reader_id, zone = None, reader.subscriber.id, reader.subscriber.times.timezone
    if typed := sent.field("until"):
        try:
            until = local_instant(dt.date.fromisoformat(typed), dt.time(), zone)
        except ValueError:
            return _one(sent, reader, wrong=f"{typed[:40]!r} is no date; write 2026-12-24", status=422)
        if until is None or until <= sent.now:
            return _one(sent, reader, wrong=f"{typed} is not in the future in {zone}", status=422)
    record(sent, "pause", reader=reader_id, until=typed)
    sent.app.members.pause(reader_id, until=until, evidence=by_operator(sent))
    return done(sent, _place(reader_id), f"Paused until {typed}." if typed else "Paused until you resume it.")


def _resume(sent: Sent, reader: KnownReader) -> Answer:
    reader_id, proof = reader.subscriber.id, sent.field("proof")[:500]
    if reader.state is ReaderState.LEFT and not proof:
        wrong = "They unsubscribed. If they asked to come back, say when and how: it is kept as the evidence."
        return _one(sent, reader, wrong=wrong, status=422)
    record(sent, "resume reader", reader=reader_id)
    evidence = by_operator(sent, proof)
    if reader.state is ReaderState.LEFT:
        sent.app.members.bring_back(reader_id, evidence)
    else:
        sent.app.members.resume(reader_id, evidence)
    return done(sent, _place(reader_id), "They get mail again, from the next edition on.")


def _link(sent: Sent, reader: KnownReader) -> Answer:
    """A fresh link to their page, or the question that they did not answer yet: to their own address, no other."""
    reader_id = reader.subscriber.id
    record(sent, "link", reader=reader_id)
    sent.app.letters.ask_for_link(reader.subscriber.email)
    return done(sent, _place(reader_id), "A letter with a link is on its way, unless they got several lately.")


def _erase(sent: Sent, reader: KnownReader) -> Answer:
    reader_id = reader.subscriber.id
    if sent.field("sure") != reader_id:
        return _one(sent, reader, wrong=f"Nobody was erased: type {reader_id} to say that you mean it", status=422)
    record(sent, "erase", reader=reader_id)
    erased = sent.app.members.erase(reader_id)  # this forgets the reader in the line just written, too
    ActStore(sent.app.db).record("erased", who=who(sent), detail={"reader": erased.anonymous_id}, now=sent.now)
    said = f"{reader_id} is erased. Backups, and pages of `digest archive`, still know them."
    if erased.declared_by_file:
        said += " Delete their file yourself: it counts for nothing any more."
    return done(sent, _LIST, said)


def export(sent: Sent) -> Answer:
    """``/admin/readers.csv``: everybody, for a spreadsheet. A POST, since taking all addresses away is on record."""
    record(sent, "export readers")
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(_COLUMNS)
    for reader in ReaderIndex(sent.rooms.db).each():
        one, times = reader.subscriber, reader.subscriber.times
        lanes = "; ".join(lane.name for lane in one.lanes)
        due = f"{reader.next_due_at:%Y-%m-%dT%H:%MZ}" if reader.next_due_at else ""
        cells = (one.id, one.email, one.name, reader.state, reader.origin, times.timezone, f"{times.send:%H:%M}",
                 times.frequency, lanes, due, reader.last_edition or "")  # fmt: skip
        rows.writerow([harmless(str(cell)) for cell in cells])
    body = b"\xef\xbb\xbf" + out.getvalue().encode()  # with its mark: Excel takes it for UTF-8 only then
    return Document(body=body, media_type="text/csv; charset=utf-8", filename="readers.csv")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, "CSV Injection"): an apostrophe stands before it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _reader(asked: Asked) -> KnownReader:
    reader_id = asked.path["id"]
    found = asked.rooms.subscribers.many([reader_id]).get(reader_id)  # by id alone: an address is not looked for
    if found is None:
        raise HTTPException(404)
    return found


def _place(reader_id: str) -> str:
    return f"{_LIST}/{segment(reader_id)}"


ROUTES = (
    form(_LIST, find, show=show_all, query=("state", "page", "said")),
    form(f"{_LIST}.csv", export),
    form(f"{_LIST}/{{id:path}}", act, show=show_one, query=("said",)),
)
