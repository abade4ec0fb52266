"""What the operator's pages have in common: acts on record, and what the next page says of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from digest.errors import TokenError
from digest.model import Evidence
from digest.settings.mail import TransportKind
from digest.store.acts import ActStore
from digest.web.door import operator
from digest.web.routes import Asked, Page, SeeOther, Sent

_SAID = "admin said"
_SAID_FOR = dt.timedelta(minutes=2)
_LONGEST = 240


def admin_page(asked: Asked, name: str, values: Mapping[str, object], *, here: str, status: int = 200) -> Page:
    """A page of the operator's, with what the last act came to.

    Args:
        name: of a template in ``templates/web/admin``.
        here: of the menu.
    """
    return Page(
        template=f"admin/{name}.html.j2",
        values={"who": operator(asked) or "", "tab": here, "said": _said(asked), **values},
        status=status,
    )


def done(sent: Sent, place: str, said: str, **query: object) -> SeeOther:
    """To another page, which says what was done. No address of a reader in it: it stands in the browser's history."""
    sealed = sent.site.seals.seal(_SAID, said[:_LONGEST], until=sent.now + _SAID_FOR)
    return SeeOther(sent.site.urls.path(place, **query, said=sealed))


def record(sent: Sent, act: str, **detail: object) -> None:
    """Before anything is done, so that nothing is done that is not on record."""
    ActStore(sent.app.db).record(act, who=who(sent), detail=detail, now=sent.now)


def who(asked: Asked) -> str:
    return operator(asked) or ""


def by_operator(sent: Sent, words: str = "") -> Evidence:
    """For the record of a reader's wishes: whose hand it was."""
    return Evidence(text=f"by the operator ({who(sent)}){': ' if words else ''}{words}")


def trial(asked: Asked) -> bool:
    """Mails are written to files, and nobody gets them."""
    return asked.site.config.mail.transport is TransportKind.FILES


def _said(asked: Asked) -> str:
    try:
        return asked.site.seals.open(_SAID, asked.query.get("said", ""), now=asked.now)
    except TokenError:
        return ""
