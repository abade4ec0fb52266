"""What `digest serve` says when it starts: where the pages are, who may do what there, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterator

from digest.config import Config
from digest.settings.mail import TransportKind
from digest.settings.web import AdminConfig
from digest.web.urls import Urls


def greeting(config: Config, *, host: str, port: int) -> Iterator[str]:
    """A line each, the most wanted first.

    Args:
        host, port: where it answers; port 0 is any.
    """
    urls = Urls(config.site.public_url, listen=(host, port))
    here = Urls(None, listen=(host, port)).origin + urls.base
    yield f"pages: {here}/" if port else "pages: on a free port, which the log names"
    if config.site.public_url is None:
        yield "for this machine alone: without site.public_url nobody else can subscribe, and mails have no links here"
    else:
        yield f"readers find them at {urls.absolute('/')}"
    yield f"subscribing: {'open' if config.is_open else 'closed (web.open)'}"
    if config.is_open and config.mail.transport is TransportKind.FILES:
        yield "missing: mail.transport is files, so nobody gets the mail that confirms; write transport: smtp"
    admin = config.web.admin
    yield f"admin: {urls.absolute('/admin')}, {_door(admin)}" if admin is not None else "admin: off (web.admin)"
    if not config.site.contact:
        yield "missing: site.contact, whom the privacy page tells readers to write to"


def _door(admin: AdminConfig) -> str:
    by_header = f"for {', '.join(admin.users)} by {admin.proxy_header}" if admin.proxy_header is not None else ""
    return " or ".join(filter(None, ("by password" if admin.password is not None else "", by_header)))
