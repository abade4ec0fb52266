"""One route as an endpoint: what came in becomes Asked or Sent, a thread calls its function and draws the answer.

The thread of a GET holds one snapshot of the database from the function's first read to the template's last. Threads
are few: more of them at once would only make the database slower, and what waits is cheap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from math import ceil
from typing import TypedDict

import anyio
import anyio.to_thread
from anyio import CapacityLimiter
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from digest import languages
from digest.app import App
from digest.languages import Language
from digest.pipeline.rooms import Rooms
from digest.web.cache import LONGEST_QUERY, Kept, Key
from digest.web.drawing import Drawn, draw, response
from digest.web.front import State, state_of
from digest.web.headers import OPEN, PREFLIGHT
from digest.web.origin import is_ours
from digest.web.proxies import PEER
from digest.web.routes import Asked, Route, Sent
from digest.web.site import Site

THREADS = 8
_MOST_FIELDS = 500
_MOST_FILES = 2
_LONGEST_VALUE = 500
"""Of one query parameter, in characters; the rest is cut off."""


class Endpoints:
    """Makes the endpoint of each route; all of them share the threads."""

    def __init__(self, site: Site, app: App) -> None:
        self._site, self._app = site, app
        self._threads: CapacityLimiter | None = None
        self._made: dict[Key, anyio.Event] = {}
        """Pages that somebody is making, so that nobody else makes them too."""

    @property
    def threads(self) -> CapacityLimiter:
        """Made where the event loop runs."""
        if self._threads is None:
            self._threads = CapacityLimiter(THREADS)
        return self._threads

    def of(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        """Answers GET, HEAD, POST and, for scripts of other sites, OPTIONS, as far as the route knows them."""

        async def answer(request: Request) -> Response:
            state = state_of(request.scope)
            state.route, state.open = route.path, route.open
            if route.language is not None:
                state.language = languages.language(route.language)
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=PREFLIGHT)
            if request.method == "POST":
                return await self._take(route, request, state)
            return await self._show(route, request, state)

        return answer

    async def _show(self, route: Route, request: Request, state: State) -> Response:
        site = self._site
        asked = Asked(**_common(site, route, request, state))
        if route.door is not None and (turned := route.door(asked)) is not None:
            return response(draw(site, asked, turned, place=state.key[0]), request, public=False)
        plain = route.public and _is_plain(route, request)
        while plain and (other := self._made.get(state.key)) is not None:
            await other.wait()  # somebody asked for the same page a moment ago
        kept = site.cache.get(state.key) if plain else None
        if kept is None:
            if route.take is None:  # a form's limit is about sending it
                self._count(route, asked.client)
        elif site.cache.is_fresh(kept) and not kept.renewing:
            return _again(kept, request)
        if not plain:
            return await self._make(route, request, state, asked, None)
        done = self._made[state.key] = anyio.Event()
        try:
            return await self._make(route, request, state, asked, kept)
        finally:
            del self._made[state.key]
            done.set()

    async def _make(self, route: Route, request: Request, state: State, asked: Asked, kept: Kept | None) -> Response:
        show, site = route.show, self._site
        assert show is not None

        def work() -> Drawn | None:
            with site.rooms.db.snapshot():
                version = site.rooms.sources.last_run()
                if kept is not None and site.cache.is_right(kept, version):
                    return None
                return replace(draw(site, asked, show(asked), place=state.key[0]), version=version)

        drawn = await anyio.to_thread.run_sync(work, limiter=self.threads)
        if drawn is None:
            assert kept is not None
            site.cache.touch(kept)
            return _again(kept, request)
        keep = route.public and drawn.status == 200
        answer = response(drawn, request, public=keep)
        if route.open:
            answer.headers.update(OPEN)
        if keep and answer.status_code == 200 and _is_plain(route, request):
            site.cache.put(
                state.key,
                body=drawn.body,
                headers=tuple(answer.raw_headers),
                etag=drawn.etag.encode(),
                version=drawn.version,
            )
        return answer

    async def _take(self, route: Route, request: Request, state: State) -> Response:
        take, site = route.take, self._site
        if take is None:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        if not route.from_anywhere and not is_ours(request.headers, site.urls, public=site.public):
            raise HTTPException(403)
        common = _common(site, route, request, state)
        if route.door is not None and (turned := route.door(asked := Asked(**common))) is not None:
            return response(draw(site, asked, turned, place=state.key[0]), request, public=False)
        self._count(route, common["client"])
        state.max_bytes = route.max_bytes
        try:
            form, files = await _read_form(request, route.max_bytes)
            sent = Sent(**common, app=self._app, form=form, files=files)

            def work() -> Drawn:
                return draw(site, sent, take(sent), place=state.key[0])

            return response(await anyio.to_thread.run_sync(work, limiter=self.threads), request, public=False)
        finally:
            await request.close()  # the files that were uploaded

    def _count(self, route: Route, client: str) -> None:
        if route.limit is not None and (wait := self._site.limiter.wait_s(route.limit, client)):
            raise HTTPException(429, headers={"Retry-After": str(ceil(wait))})


class _Common(TypedDict):
    site: Site
    rooms: Rooms
    now: dt.datetime
    language: Language
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    client: str
    peer: str
    place: str
    posted: bool


def _common(site: Site, route: Route, request: Request, state: State) -> _Common:
    given = ((name, request.query_params.get(name, "")[:_LONGEST_VALUE].strip()) for name in route.query)
    return {
        "site": site,
        "rooms": site.rooms,
        "now": site.clock(),
        "language": state.language,
        "path": {name: str(value) for name, value in request.path_params.items()},
        "query": {name: value for name, value in given if value},
        "headers": request.headers,
        "client": request.client.host if request.client is not None else "",
        "peer": request.scope.get(PEER, ""),
        "place": state.key[0],
        "posted": request.method == "POST",
    }


def _again(kept: Kept, request: Request) -> Response:
    """What was kept, as it was sent before."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in kept.headers}
    return response(Drawn(body=kept.body, headers=headers), request, public=True)


def _is_plain(route: Route, request: Request) -> bool:
    """Whether the question is one that others ask too: short, and of declared parameters alone."""
    return len(request.scope["query_string"]) <= LONGEST_QUERY and set(request.query_params) <= {*route.query, "lang"}


async def _read_form(request: Request, max_bytes: int) -> tuple[dict[str, list[str]], dict[str, UploadFile]]:
    """The fields, stripped, and the files; a body of another kind has neither."""
    form: dict[str, list[str]] = {}
    files: dict[str, UploadFile] = {}
    try:
        data = await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=max_bytes)
    except ClientDisconnect as error:  # nobody waits for the answer, and it is no fault of ours
        raise HTTPException(400) from error
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            files[name] = value
        else:
            form.setdefault(name, []).append(value.strip())
    return form, files
