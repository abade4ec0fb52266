"""The first and last to touch a request: prefix, language, pages that were kept, limits on bodies, headers, the log.

Plain ASGI, since a kept page takes no longer than this. What it finds out goes with the scope (:class:`State`).
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

import anyio
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest import languages
from digest.languages import Language
from digest.web.cache import Kept, Key
from digest.web.headers import RawHeaders, security_headers
from digest.web.routes import MOST_BYTES
from digest.web.site import Site

log = logging.getLogger(__name__)

BODY_TIMEOUT_S = 20.0
"""For a whole form: a client that takes longer is holding a connection, not filling in a form."""
SLOW_S = 1.0
LANGUAGE_COOKIE = "lang"
_A_YEAR_S = 365 * 86400
_LONGEST_WISH = 1000
"""In bytes, of a header that says a language: what was understood of it is remembered."""


@dataclass(slots=True, kw_only=True, eq=False)
class State:
    """What is known of a request before any page sees it."""

    request_id: str
    key: Key
    language: Language
    max_bytes: int = MOST_BYTES
    """A route may raise it before it reads the body."""
    route: str = "-"
    """The path of the route as it was declared: the paths themselves hold readers' tokens and are not logged."""
    open: bool = False
    """Programs ask, not people: problems are told as JSON."""
    status: int = 0
    began: float = field(default_factory=time.perf_counter)


def state_of(scope: Scope) -> State:
    state = scope["digest"]
    assert isinstance(state, State)
    return state


class Front:
    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site
        self._always = security_headers(secure=site.urls.secure)
        self._cookie = (
            f"; Max-Age={_A_YEAR_S}; Path={site.urls.base or '/'}; HttpOnly; SameSite=Lax"
            f"{'; Secure' if site.urls.secure else ''}"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, query = self._site.urls.inner(scope["path"]), scope["query_string"]
        language, chosen = _language(scope["headers"], query)
        state = State(request_id=secrets.token_hex(6), key=(path, query, language.tag), language=language)
        cookie = () if not chosen else ((b"set-cookie", f"{LANGUAGE_COOKIE}={language.tag}{self._cookie}".encode()),)
        extra = (*cookie, (b"x-request-id", state.request_id.encode()))
        kept = self._site.cache.get(state.key) if scope["method"] in {"GET", "HEAD"} else None
        if kept is not None and self._site.cache.is_fresh(kept):
            await _send_kept(kept, scope, send, (*self._always, *extra))
            return
        inner = {**scope, "path": path, "raw_path": path.encode("utf-8", "surrogateescape"), "digest": state}
        if kept is not None:
            kept.renewing = True
        try:
            await self._app(inner, _bounded(receive, scope, state), _headed(send, state, self._always, extra))
        finally:
            if kept is not None:
                kept.renewing = False
            _log(scope["method"], state)


async def _send_kept(kept: Kept, scope: Scope, send: Send, extra: RawHeaders) -> None:
    same = has_it(scope["headers"], kept.headers)
    own = [pair for pair in kept.headers if not (same and pair[0].startswith(b"content-"))]
    await send({"type": "http.response.start", "status": 304 if same else 200, "headers": [*own, *extra]})
    body = b"" if same or scope["method"] == "HEAD" else kept.body
    await send({"type": "http.response.body", "body": body})


def has_it(asked: Iterable[tuple[bytes, bytes]], answer: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether who asks has this answer already (RFC 9110, 13.2.2): its tag decides, else when it was modified."""
    tags = since = etag = modified = None
    for name, value in asked:
        if name == b"if-none-match":
            tags = value
        elif name == b"if-modified-since":
            since = value
    if tags is None and since is None:
        return False
    for name, value in answer:
        if name == b"etag":
            etag = value
        elif name == b"last-modified":
            modified = value
    if tags is not None:
        return etag is not None and _is_same(tags, etag)
    return since is not None and modified is not None and _not_after(modified, since)


def _is_same(if_none_match: bytes, etag: bytes) -> bool:
    """Weak comparison (RFC 9110, 13.1.2): a proxy that compresses makes our tag a weak one."""
    wanted = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")]
    return etag in wanted or b"*" in wanted


def _not_after(modified: bytes, since: bytes) -> bool:
    """False for what is no date, or one without a zone: a condition that cannot be read is none."""
    try:
        first, second = (parsedate_to_datetime(date.decode("latin-1")) for date in (modified, since))
    except (ValueError, OverflowError):
        return False
    return second.tzinfo is not None and first <= second


def _headed(send: Send, state: State, always: RawHeaders, extra: RawHeaders) -> Send:
    """Adds our headers to an answer, but for those that it has already."""

    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            names = {name.lower() for name, _ in own}
            state.status = message["status"]
            message["headers"] = [*own, *(pair for pair in always if pair[0] not in names), *extra]
        await send(message)

    return headed


def _bounded(receive: Receive, scope: Scope, state: State) -> Receive:
    """The body, as long as it is not too long and comes in time.

    Raises HTTPException 413 or 408 where the body is read.
    """
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    received, deadline = 0, anyio.current_time() + BODY_TIMEOUT_S

    async def bounded() -> Message:
        nonlocal received
        if not declared.isdigit() or int(declared) > state.max_bytes:
            raise HTTPException(413)
        with anyio.move_on_at(deadline):
            message = await receive()
            received += len(message.get("body", b""))
            if received > state.max_bytes:
                raise HTTPException(413)
            return message
        raise HTTPException(408)

    return bounded


def _language(headers: list[tuple[bytes, bytes]], query: bytes) -> tuple[Language, bool]:
    """The language of the answer, and whether the address chose it: ``?lang=de``, else the cookie, else the browser."""
    if b"lang=" in query:
        wish = parse_qs(query.decode("latin-1")).get("lang", [""])[0]
        if wish in languages.tags():
            return languages.language(wish), True
    cookie = accept = b""
    for name, value in headers:
        if name == b"cookie":
            cookie = value
        elif name == b"accept-language":
            accept = value
    if LANGUAGE_COOKIE.encode() not in cookie or len(cookie) > _LONGEST_WISH:
        cookie = b""
    return _wished(cookie, accept[:_LONGEST_WISH]), False


@lru_cache(maxsize=1024)
def _wished(cookie: bytes, accept: bytes) -> Language:
    try:
        remembered = SimpleCookie(cookie.decode("latin-1")).get(LANGUAGE_COOKIE)
    except CookieError:
        remembered = None
    first = [remembered.value] if remembered is not None else []
    return languages.best([*first, *languages.wishes_of(accept.decode("latin-1"))])


def _log(method: str, state: State) -> None:
    """A line without addresses and tokens; loud only for what is wrong, or slow."""
    took_s = time.perf_counter() - state.began
    level = logging.WARNING if state.status >= 500 or took_s > SLOW_S else logging.DEBUG
    log.log(level, "%s %s %s %.0fms id=%s", method, state.route, state.status, took_s * 1000, state.request_id)
