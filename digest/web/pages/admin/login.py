"""In and out. A wrong password is told apart from none in no way but words, and costs a moment of patience."""

from __future__ import annotations

import logging
from typing import Final

from digest.web.door import HOME, LOGIN, cookie, is_password, no_cookie, operator, way_in
from digest.web.limits import Limit
from digest.web.routes import Answer, Asked, Page, SeeOther, Sent, form

log = logging.getLogger(__name__)

_TRIES: Final = Limit(name="login", per_hour=20, burst=5)


def show(asked: Asked) -> Answer:
    """``/admin/login``"""
    after = way_in(asked.query.get("next", HOME))
    return SeeOther(asked.site.urls.path(after)) if operator(asked) is not None else _form(asked, after)


def enter(sent: Sent) -> Answer:
    admin, after = sent.site.config.web.admin, way_in(sent.field("next") or HOME)
    assert admin is not None
    if admin.password is None or not is_password(sent.field("password"), admin):
        log.warning("a login to the operator's pages was refused")
        return _form(sent, after, wrong=True)
    log.info("a login to the operator's pages")
    let_in = cookie(sent.site, admin.password, now=sent.now)
    return SeeOther(sent.site.urls.path(after), headers={"set-cookie": let_in})


def leave(sent: Sent) -> Answer:
    return SeeOther(sent.site.urls.path(LOGIN), headers={"set-cookie": no_cookie(sent.site)})


def _form(asked: Asked, after: str, *, wrong: bool = False) -> Page:
    admin = asked.site.config.web.admin
    by_proxy = admin is None or admin.password is None
    values = {"next": after, "wrong": wrong, "by_proxy": by_proxy}
    return Page(template="admin/login.html.j2", values=values, status=401 if wrong else 200)


ROUTES = (
    form(LOGIN, enter, show=show, query=("next",), limit=_TRIES, max_bytes=8 * 1024),
    form(f"{HOME}/logout", leave, max_bytes=8 * 1024),
)
