"""Was a form sent from one of our own pages? Asked before anything is changed by a POST.

No page of ours gives a browser a cookie or password that speaks for a reader: the right to act is in the link. What
is left for another site to abuse is a browser that knows the operator's password, or that stands in a network where we
are. Browsers say where a request comes from (Fetch Metadata's ``Sec-Fetch-Site``, and ``Origin``), and another site's
script cannot change either. So the check needs no token in a form, and pages with forms can be kept for everybody.
(F. Valsorda, "Cross-Site Request Forgery", 2025; the same rules are Go's ``net/http.CrossOriginProtection``.)
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from digest.settings.places import is_loopback
from digest.web.urls import Urls


def is_ours(headers: Mapping[str, str], urls: Urls, *, public: bool) -> bool:
    """True for what our own pages sent, and for programs that are no browser.

    Args:
        public: ``site.public_url`` is set. Without it we answer to this machine's own names only, so that a foreign
            name that is made to lead here (DNS rebinding) leads nowhere.
    """
    host = headers.get("host", "")
    if not public:
        name = urlsplit(f"//{host}").hostname or ""
        if not is_loopback(name) and name != urls.host:
            return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return True
    return origin == urls.origin or (origin != "null" and urlsplit(origin).netloc == host)
