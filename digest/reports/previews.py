"""Pages around previews: the index of everybody's, and a mail as in a window of some width, in light or in dark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from digest.reports.pages import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One reader's line of the index; ``page`` is a file beside it, empty where ``problem`` says why there is none."""

    reader: str
    name: str
    email: str
    edition: dt.date | None = None
    subject: str = ""
    words: str = ""
    page: str = ""
    problem: str = ""


def index(site: str, shown: Sequence[Shown], *, made_at: dt.datetime) -> str:
    return render("previews.html.j2", site=site, readers=shown, made_at=made_at)


def framed(html: str, title: str, *, width: int | None = None, dark: bool | None = None) -> str:
    """``html`` in a page of its own, ``width`` pixels wide (None: all there is), in a colour scheme.

    A frame hands its own ``color-scheme`` on to ``prefers-color-scheme`` inside it (CSS Color Adjustment, 2.4), so no
    browser has to be told.
    """
    scheme = {True: "dark", False: "light", None: "light dark"}[dark]
    return render("framed.html.j2", title=title, html=html, width=width, scheme=scheme)
