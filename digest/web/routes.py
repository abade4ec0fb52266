"""What a page declares and what its function takes and gives. Each module of ``digest.web.pages`` ends with its ROUTES.

page("/search", show, query=("q",), public=True)      GET and HEAD
data("/api/daily_papers", show, query=("date",))       the same for programs: JSON, a feed
form("/subscribe", take, show=show, limit=…)           POST, and GET where there is something to show
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.languages import Language
from digest.pipeline.rooms import Rooms
from digest.web.limits import Limit

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

    from digest.app import App
    from digest.web.site import Site

MOST_BYTES = 64 * 1024
"""Of a form, unless its route allows more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A GET as a page's function sees it. Nothing here can write: ``rooms`` are over a database opened for reading."""

    site: Site
    rooms: Rooms
    """All their reads, for the length of one request, see one moment of the database."""
    now: dt.datetime
    language: Language
    path: Mapping[str, str]
    """The named parts of the route's path."""
    query: Mapping[str, str]
    """The parameters that the route declares, stripped; those that are missing or empty are left out."""
    headers: Mapping[str, str]
    """By lower-case name. ``host`` and ``x-forwarded-*`` are anybody's words: addresses come from ``site.urls``."""
    client: str
    """Who asks, as an IP address; of a trusted proxy, whom it asks for."""
    peer: str = ""
    """Who connected, as an IP address: a proxy's, where one stands between."""
    place: str = "/"
    """The path that was asked for, below the site's prefix."""
    posted: bool = False

    def gettext(self, message: str) -> str:
        return self.language.gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.language.ngettext(one, many, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Asked):
    """A POST: the form, and the App, whose verbs and rooms do write."""

    app: App
    form: Mapping[str, Sequence[str]]
    """Every field with all its values, stripped."""
    files: Mapping[str, UploadFile] = field(default_factory=dict)

    def field(self, name: str) -> str:
        """The first value of a field, or empty."""
        return next(iter(self.form.get(name, ())), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A template of ``templates/web`` and its values."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeeOther:
    """Go there with a GET (303): the answer to a form that was taken. ``address`` comes from ``site.urls``."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes as they are: a feed, an export. With a ``filename`` it is offered for saving."""

    body: bytes
    media_type: str
    filename: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Page | SeeOther | Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """See :func:`page` and :func:`form`."""

    path: str
    show: Callable[[Asked], Answer] | None = None
    take: Callable[[Sent], Answer] | None = None
    query: tuple[str, ...] = ()
    public: bool = False
    max_bytes: int = MOST_BYTES
    from_anywhere: bool = False
    open: bool = False
    limit: Limit | None = None
    door: Callable[[Asked], Answer | None] | None = None
    """Asked first, before a body is read and before ``limit`` counts; what it answers is the answer."""
    language: str | None = None
    """The only one that the page is in."""


def page(
    path: str,
    show: Callable[[Asked], Answer],
    *,
    query: tuple[str, ...] = (),
    public: bool = False,
    limit: Limit | None = None,
) -> Route:
    """Something to look at.

    Args:
        path: as Starlette writes it, ``/paper/{id:path}``, without the prefix.
        query: the parameters that ``show`` is given; all others are ignored.
        public: the same for everybody in one language. It is kept for a while (:mod:`digest.web.cache`) and may be kept
            by others; any other page is never stored by anyone.
        limit: how often a client may ask for it (pages that were kept do not count).
    """
    return Route(path=path, show=show, query=query, public=public, limit=limit)


def data(
    path: str,
    show: Callable[[Asked], Answer],
    *,
    query: tuple[str, ...] = (),
    limit: Limit | None = None,
) -> Route:
    """Something for programs: public as a page can be, and scripts of every site may read it (CORS).

    What goes wrong is told as JSON: ``{"error": …}`` with the detail of the HTTPException.
    """
    return Route(path=path, show=show, query=query, public=True, open=True, limit=limit)


def form(
    path: str,
    take: Callable[[Sent], Answer],
    *,
    show: Callable[[Asked], Answer] | None = None,
    query: tuple[str, ...] = (),
    limit: Limit | None = None,
    max_bytes: int = MOST_BYTES,
    from_anywhere: bool = False,
) -> Route:
    """Something to do, and perhaps the page that asks for it.

    Args:
        limit: how often a client may send it.
        max_bytes: of the whole body.
        from_anywhere: other sites may send it too: RFC 8058's unsubscribing, where the link itself is the right to act.
    """
    return Route(
        path=path,
        take=take,
        show=show,
        query=query,
        limit=limit,
        max_bytes=max_bytes,
        from_anywhere=from_anywhere,
    )
