"""The door to the operator's pages: who is in front of it, and what becomes of who may not pass.

    web.admin.password       a cookie that this program sealed for who typed it, for eight hours
    web.admin.proxy_header   the user that a trusted proxy names, if it is one of web.admin.users

Without either there is no door and nothing behind it: every address below /admin is 404, as any that does not exist.
A cookie dies with the password that it was given for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser

from digest.errors import TokenError
from digest.languages import ENGLISH
from digest.settings.web import AdminConfig
from digest.web.proxies import is_trusted
from digest.web.routes import Answer, Asked, Route, SeeOther
from digest.web.site import Site

HOME: Final = "/admin"
LOGIN: Final = "/admin/login"
FOR: Final = dt.timedelta(hours=8)
ONE_OPERATOR: Final = "operator"
"""Who it was, on record, where nothing but the password is known."""
_PURPOSE: Final = "admin"


def behind_door(routes: Iterable[Route]) -> tuple[Route, ...]:
    """The same routes for the operator alone; English, as the command line is."""
    return tuple(replace(route, door=_turned_away, language=ENGLISH) for route in routes)


def at_door(routes: Iterable[Route]) -> tuple[Route, ...]:
    """What may be asked for by who is not known yet."""
    return tuple(replace(route, door=_not_there, language=ENGLISH) for route in routes)


def operator(asked: Asked) -> str | None:
    """Who asks, if they are let in."""
    admin = asked.site.config.web.admin
    if admin is None:
        return None
    if admin.proxy_header is not None and is_trusted(asked.peer, asked.site.config.web.trusted_proxies):
        named = [value for name, value in asked.headers.items() if name == admin.proxy_header]
        if len(named) == 1 and named[0] in admin.users:  # twice: the proxy let one through that is not its own
            return named[0]
    return ONE_OPERATOR if admin.password is not None and _has_cookie(asked, admin.password) else None


def is_password(typed: str, admin: AdminConfig) -> bool:
    """Takes as long for a wrong one as for the right one."""
    right = hashlib.sha256((admin.password or "").encode()).digest()
    return hmac.compare_digest(hashlib.sha256(typed.encode()).digest(), right) and admin.password is not None


def cookie(site: Site, password: str, *, now: dt.datetime) -> str:
    """A Set-Cookie for who typed the password: for these pages alone, unseen by scripts and other sites."""
    sealed = site.seals.seal(_PURPOSE, _mark(site, password), until=now + FOR)
    return _set_cookie(site, sealed, int(FOR.total_seconds()))


def no_cookie(site: Site) -> str:
    """A Set-Cookie that takes it away."""
    return _set_cookie(site, "", 0)


def way_in(text: str) -> str:
    """Where to go after the login: one of the operator's pages, whatever was asked for."""
    parts = urlsplit(text)
    inside = parts.path == HOME or parts.path.startswith(f"{HOME}/")
    return HOME if parts.scheme or parts.netloc or "\\" in text or not inside or ".." in text else parts.path


def _turned_away(asked: Asked) -> Answer | None:
    if (answer := _not_there(asked)) is not None or operator(asked) is not None:
        return answer
    admin = asked.site.config.web.admin
    if asked.posted or (admin is not None and admin.password is None):
        raise HTTPException(403)
    return SeeOther(asked.site.urls.path(LOGIN, next=way_in(asked.place)))


def _not_there(asked: Asked) -> Answer | None:
    if asked.site.config.web.admin is None:
        raise HTTPException(404)
    # A browser says with each form where it comes from. Programs have the command line.
    if asked.posted and not {"origin", "sec-fetch-site"} & set(asked.headers):
        raise HTTPException(403)
    return None


def _name(site: Site) -> str:
    return "__Secure-admin" if site.urls.secure else "admin"


def _set_cookie(site: Site, value: str, max_age_s: int) -> str:
    secure = "; Secure" if site.urls.secure else ""
    path = site.urls.path(HOME)
    return f"{_name(site)}={value}; Max-Age={max_age_s}; Path={path}; HttpOnly; SameSite=Strict{secure}"


def _has_cookie(asked: Asked, password: str) -> bool:
    sealed = cookie_parser(asked.headers.get("cookie", "")).get(_name(asked.site), "")
    try:
        said = asked.site.seals.open(_PURPOSE, sealed, now=asked.now)
    except TokenError:
        return False
    return hmac.compare_digest(said.encode(), _mark(asked.site, password).encode())


def _mark(site: Site, password: str) -> str:
    """Of a password: tells whether it is still the same, and nothing else."""
    return site.ring.token("admin password", password)
