"""Kinds of settings: the mail server and the database, each as one URL. No message here repeats a URL's password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, ValidationInfo

from digest.settings.reading import reading

_MAIL_ADVICE = "write smtp://user@host:587 or smtps://user@host:465"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUrl:
    """The parts of ``mail.server``; ``username`` is decoded."""

    scheme: str
    host: str
    port: int | None
    username: str | None


def parse_server(text: str) -> ServerUrl:
    """Take ``smtp[s]://[user@]host[:port]`` apart. A user with an @ in it may be written plain or as ``%40``.

    Raises:
        ValueError: it is no such URL, or holds a password.
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator or scheme.lower() not in {"smtp", "smtps"}:
        raise ValueError(f"is no mail server's URL; {_MAIL_ADVICE}")
    userinfo, at, place = rest.rpartition("@")
    if at and ":" in userinfo:
        raise ValueError(
            "holds a password; take it out of the URL and write `password: {env: NAME}` or `{file: PATH}` beside it"
        )
    try:
        url = urlsplit(f"{scheme}://{place}")
        host, port = url.hostname, url.port
    except ValueError as error:
        raise ValueError(f"{error}; {_MAIL_ADVICE}") from error
    if not host or port == 0 or not re.fullmatch(r"[\w.:-]+", host) or (url.path not in {"", "/"}):
        raise ValueError(f"names no host; {_MAIL_ADVICE}")
    if url.query or url.fragment:
        raise ValueError(f"has options after ? or #, which mean nothing here; {_MAIL_ADVICE}")
    if at and (not userinfo or re.search(r"\s", userinfo)):
        raise ValueError(f"has an empty user, or one with a blank; {_MAIL_ADVICE}")
    return ServerUrl(scheme=scheme.lower(), host=host, port=port, username=unquote(userinfo) if at else None)


def _mail_server(text: str) -> str:
    parse_server(text)
    return text.strip()


MailServer = Annotated[str, AfterValidator(_mail_server)]


def _store(text: str, info: ValidationInfo) -> str:
    url = text.strip()
    scheme, separator, rest = url.partition("://")
    kind = scheme.partition("+")[0].lower()
    if not separator or kind not in {"sqlite", "postgresql", "postgres"}:
        raise ValueError("is no database URL; write sqlite:///digest.db or postgresql://user@host/digest")
    if kind == "postgres":
        url = f"postgresql://{rest}"
    if kind != "sqlite":
        return url
    if rest and not rest.startswith("/"):
        raise ValueError("has two slashes too few or a host; write sqlite:///FILE, or sqlite:////absolute/FILE")
    file = rest.removeprefix("/")
    around = reading(info)
    if around is None or file in {"", ":memory:"}:
        return url
    path, question, options = file.partition("?")
    return f"{scheme}:///{around.resolve(Path(path))}{question}{options}"


StoreUrl = Annotated[str, AfterValidator(_store)]
"""A database URL; SQLite's relative file begins at the settings file. It may hold a password: never shown."""
