"""My page: what is stored, to take away or to have forgotten; and another address.

These need a link that was just mailed to the reader's own address: a mail that was forwarded must not be enough to read
everything, to end everything, or to take a subscription over. Who came by a mail's link is offered one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from digest.model import Act, EditionKey, JoinOutcome
from digest.pipeline import personal
from digest.pipeline.archive import Archive
from digest.settings.addresses import parse_address
from digest.store.erasure import Erased
from digest.store.members import MemberStore
from digest.web.limits import Limit
from digest.web.my_page import LIMIT, back, evidence, mine
from digest.web.routes import Answer, Asked, Document, Page, SeeOther, Sent, form, page
from digest.web.visitor import Visitor, for_readers, visitor

log = logging.getLogger(__name__)

PLACE: Final = "preferences/data"
ERASE: Final = "preferences/erase"
EXPORTS: Final = Limit(name="export", per_hour=60, burst=20)
"""An export reads everything that there is of a reader."""


def show(asked: Asked) -> Answer:
    return _page(asked, visitor(asked))


def take(sent: Sent) -> Answer:
    """Mail a fresh link, or ask for another address: told alike whoever has that address."""
    who, act = visitor(sent), sent.field("do")
    if act == "link" and sent.site.public:
        sent.app.letters.ask_for_link(who.reader.subscriber.email)
        return back(sent, who, PLACE, "mailed")
    if act != "address" or not who.fresh or who.declared:
        return _page(sent, who, status=409)
    typed = sent.field("email")
    try:
        email = parse_address(typed)
    except ValueError:
        told = sent.gettext("That is no e-mail address. Write it as name@university.edu.")
        return _page(sent, who, problems={"email": told}, email=typed, status=422)
    words = sent.gettext("Mail to another address")
    if sent.app.members.ask_for_address(who.id, email, evidence(sent, words)).outcome is JoinOutcome.ASKED:
        sent.app.letters.ask_to_confirm(who.id)
    return back(sent, who, PLACE, "asked")


def exported_as(kind: str) -> Callable[[Asked], Answer]:
    """The page ``export.json`` or ``export.zip``."""
    return lambda asked: _export(asked, kind)


def _export(asked: Asked, kind: str) -> Answer:
    who = visitor(asked)
    if not who.fresh:
        return SeeOther(asked.site.urls.path(who.place(PLACE)))
    if kind == "zip":
        packed = personal.export_zip(asked.rooms, who.id)
        return Document(body=packed, media_type="application/zip", filename="my-data.zip")
    document = json.dumps(personal.export(asked.rooms, who.id), ensure_ascii=False, indent=1)
    return Document(body=document.encode(), media_type="application/json", filename="my-data.json")


# ── forgetting ──────────────────────────────────────────────────────────────────────────────────────────────


def ask_erase(asked: Asked) -> Answer:
    """What is forgotten, what is not; and the word that says so."""
    who = visitor(asked)
    return _erase_page(asked, who) if who.fresh else SeeOther(asked.site.urls.path(who.place(PLACE)))


def erase(sent: Sent) -> Answer:
    """Forget the reader for good, if the word was typed."""
    who = visitor(sent)
    if not who.fresh:
        return _page(sent, who, status=409)
    if sent.field("word").casefold() != _word(sent).casefold():
        told = sent.gettext("Type the word %(word)s, or leave everything as it is.") % {"word": _word(sent)}
        return _erase_page(sent, who, problems={"word": told}, status=422)
    erased, _ = sent.app.erase(who.id)
    _tell_archive(sent, erased)
    return Page(template="erased.html.j2", values={"declared": erased.declared_by_file})


def _tell_archive(sent: Sent, erased: Erased) -> None:
    """Which pages of a public archive were theirs: the program does not know its folder, and nobody can tell later.

    Their names say nothing of the reader; those of a private archive do, and stay out of the log.
    """
    site = sent.site.config.site
    if site.archive_url is None or not erased.editions:
        return
    place = Archive(Path(), site=site.name, url=site.archive_url, ring=sent.site.ring)
    pages = [place.edition(EditionKey(erased.reader_id, date)) for date in erased.editions]
    theirs = " ".join([place.shelf(erased.reader_id), *pages])
    log.warning("a reader was erased: delete their pages from the folder of the archive, if they are there: %s", theirs)


def _word(asked: Asked) -> str:
    return asked.gettext("erase")


def _erase_page(asked: Asked, who: Visitor, *, problems: Mapping[str, str] | None = None, status: int = 200) -> Page:
    values = {
        "tab": PLACE,
        "word": _word(asked),
        "archived": asked.site.config.site.archive_url is not None,
        "problems": problems or {},
    }
    return mine(asked, who, "my_erase.html.j2", values, status=status)


def _page(
    asked: Asked, who: Visitor, *, problems: Mapping[str, str] | None = None, email: str = "", status: int = 200
) -> Page:
    _ = asked.gettext
    acts = {
        Act.ASKED: _("A form asked for mail"),
        Act.CONFIRMED: _("Confirmed from the address"),
        Act.ADDED: _("Added by the operator"),
        Act.IMPORTED: _("Taken over from a list"),
        Act.PAUSED: _("A rest"),
        Act.RESUMED: _("Mail again"),
        Act.LEFT: _("Unsubscribed"),
        Act.RETURNED: _("Came back"),
    }
    record = [
        (one.at, acts[one.act], one.text)
        for one in sorted(MemberStore(asked.rooms.db).record(who.id), key=lambda one: one.at)
    ]
    values = {
        "tab": PLACE,
        "record": record if who.fresh else (),
        "problems": problems or {},
        "email": email,
        "can_mail": asked.site.public,
    }
    return mine(asked, who, "my_data.html.j2", values, status=status)


ROUTES = (
    *for_readers(PLACE, lambda path: form(path, take, show=show, query=("done",), limit=LIMIT)),
    *for_readers("preferences/export.json", lambda path: page(path, exported_as("json"), limit=EXPORTS)),
    *for_readers("preferences/export.zip", lambda path: page(path, exported_as("zip"), limit=EXPORTS)),
    *for_readers(ERASE, lambda path: form(path, erase, show=ask_erase, limit=LIMIT)),
)
