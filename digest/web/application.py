"""The ASGI application: every page's routes behind one front."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as At
from starlette.types import ASGIApp

from digest.app import App
from digest.errors import DigestError
from digest.web.api import links, reference
from digest.web.cache import PageCache
from digest.web.carrier import Carrier
from digest.web.endpoint import Endpoints
from digest.web.front import Front, state_of
from digest.web.pages import (
    admin,
    citations,
    confirming,
    feeds,
    interests,
    leaving,
    my_data,
    my_editions,
    my_feedback,
    my_mail,
    notices,
    paper,
    search,
    subscribing,
    trending,
    tune,
)
from digest.web.problems import handlers
from digest.web.proxies import Proxies
from digest.web.routes import Route
from digest.web.site import Site

log = logging.getLogger(__name__)

INDEX_EVERY_S = 30.0
"""How often the search index looks whether something was read."""

PAGES: tuple[Route, ...] = (
    *trending.ROUTES,
    *citations.ROUTES,
    *paper.ROUTES,
    *search.ROUTES,
    *feeds.ROUTES,
    *subscribing.ROUTES,
    *confirming.ROUTES,
    *leaving.ROUTES,
    *interests.ROUTES,
    *my_mail.ROUTES,
    *my_feedback.ROUTES,
    *my_editions.ROUTES,
    *my_data.ROUTES,
    *tune.ROUTES,
    *reference.ROUTES,
    *links.ROUTES,
    *notices.ROUTES,
    *admin.ROUTES,
)
"""Every page there is."""


def application(app: App, *, pages: Sequence[Route] = PAGES, cache: PageCache | None = None) -> ASGIApp:
    """The pages of one installation.

    Raises:
        RenderError: a template of the operator's own is broken.
        StoreError: the database cannot be opened.
    """
    site = Site.of(app, cache=cache or PageCache())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        carrier = Carrier(app)
        carrier.start()
        async with anyio.create_task_group() as beside:
            beside.start_soon(_keep_index, site)
            yield
            beside.cancel_scope.cancel()
        await anyio.to_thread.run_sync(carrier.stop)
        site.close()

    endpoints = Endpoints(site, app)
    inner = Starlette(
        routes=[At(site.templates.style_place, _style(site)), *(_at(route, endpoints) for route in pages)],
        exception_handlers=handlers(site),
        lifespan=lifespan,
    )
    inner.router.redirect_slashes = False
    return Proxies(Front(inner, site), app.config.web.trusted_proxies)


async def _keep_index(site: Site) -> None:
    """Has the search index made, and made anew when something was read; a store that fails is asked again."""
    while True:
        try:
            await anyio.to_thread.run_sync(site.searcher.keep_up)
        except DigestError as error:
            log.warning("search index: %s", error)
        await anyio.sleep(INDEX_EVERY_S)


def _at(route: Route, endpoints: Endpoints) -> At:
    there = {"GET": route.show is not None, "POST": route.take is not None, "OPTIONS": route.open}
    return At(route.path, endpoints.of(route), methods=[method for method, is_there in there.items() if is_there])


def _style(site: Site) -> Callable[[Request], Awaitable[Response]]:
    async def style(request: Request) -> Response:
        state_of(request.scope).route = "/style.css"
        forever = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(site.templates.style, media_type="text/css", headers=forever)

    return style
