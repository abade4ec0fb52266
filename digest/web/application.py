"""The ASGI application: every page's routes behind one front. What is served elsewhere (an API) is mounted here too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as At
from starlette.types import ASGIApp

from digest.app import App
from digest.web.cache import PageCache
from digest.web.endpoint import Endpoints
from digest.web.front import Front, state_of
from digest.web.pages import trending
from digest.web.problems import handlers
from digest.web.routes import Route
from digest.web.site import Site

PAGES: tuple[Route, ...] = (*trending.ROUTES,)
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
        yield
        site.close()

    endpoints = Endpoints(site, app)
    inner = Starlette(
        routes=[At(site.templates.style_place, _style(site)), *(_at(route, endpoints) for route in pages)],
        exception_handlers=handlers(site),
        lifespan=lifespan,
    )
    inner.router.redirect_slashes = False
    return Front(inner, site)


def _at(route: Route, endpoints: Endpoints) -> At:
    methods = [*(["GET"] if route.show is not None else []), *(["POST"] if route.take is not None else [])]
    return At(route.path, endpoints.of(route), methods=methods)


def _style(site: Site) -> Callable[[Request], Awaitable[Response]]:
    async def style(request: Request) -> Response:
        state_of(request.scope).route = "/style.css"
        forever = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(site.templates.style, media_type="text/css", headers=forever)

    return style
