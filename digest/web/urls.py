"""Every address that the pages name goes through here, so that they work below any prefix of any reverse proxy."""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit


class Urls:
    """Addresses below ``site.public_url``, or below this machine's root in the personal profile."""

    def __init__(self, public_url: str | None, *, listen: tuple[str, int] = ("127.0.0.1", 8080)) -> None:
        host, port = listen
        url = urlsplit(public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}")
        self.base = url.path.rstrip("/")
        """``/papers``, or empty: what stands before every path of ours."""
        self.origin = f"{url.scheme}://{url.netloc}"
        """As browsers send it in ``Origin``."""
        self.host = url.hostname or ""
        self.secure = url.scheme == "https"

    def path(self, place: str, **query: object) -> str:
        """The address of one of our pages, from the root of the host: ``path("/search", q="a b")``.

        Args:
            place: begins with a slash; what it is made of must be quoted already (:func:`segment`).
            query: those that are None or empty are left out.
        """
        given = {name: value for name, value in query.items() if value is not None and value != ""}
        return f"{self.base}{place}{'?' + urlencode(given) if given else ''}"

    def absolute(self, place: str, **query: object) -> str:
        """The same for mails and feeds, with scheme and host."""
        return self.origin + self.path(place, **query)

    def inner(self, path: str) -> str:
        """What is asked for, without the prefix. Some proxies cut it off, some pass it on: both are understood."""
        if self.base and (path == self.base or path.startswith(f"{self.base}/")):
            return path[len(self.base) :] or "/"
        return path


def segment(text: str) -> str:
    """Any text as a part of a path."""
    return quote(text, safe="")
