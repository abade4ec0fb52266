"""What all pages share: one per process, and nothing in it can write."""

from __future__ import annotations

from dataclasses import dataclass, field

from digest.app import App
from digest.config import Config
from digest.keyring import KeyRing
from digest.pipeline.rooms import Clock, Rooms
from digest.pipeline.search import Searcher
from digest.pipeline.trends import Trends
from digest.pipeline.tryout import Tryout
from digest.seals import Seals
from digest.settings.web import parse_listen
from digest.store.database import Database
from digest.web.cache import PageCache
from digest.web.limits import Limiter
from digest.web.stamps import Stamps
from digest.web.templates import WebTemplates
from digest.web.urls import Urls


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Site:
    config: Config
    rooms: Rooms
    """Over a database opened for reading alone."""
    urls: Urls
    ring: KeyRing
    seals: Seals
    stamps: Stamps
    templates: WebTemplates
    clock: Clock
    trends: Trends
    searcher: Searcher
    tryout: Tryout
    cache: PageCache
    limiter: Limiter = field(default_factory=Limiter)

    @property
    def public(self) -> bool:
        """Strangers may come: ``site.public_url`` is set."""
        return self.config.site.public_url is not None

    @classmethod
    def of(cls, app: App, *, cache: PageCache) -> Site:
        """
        Raises:
            RenderError: a template of the operator's own is broken.
        """
        config = app.config
        urls = Urls(config.site.public_url, listen=parse_listen(config.web.listen))
        rooms = app.rooms_over(Database(app.db.url, read_only=True))
        seals = Seals(app.ring)
        stamps = Stamps(seals, app.clock)
        return cls(
            config=config,
            rooms=rooms,
            urls=urls,
            ring=app.ring,
            seals=seals,
            stamps=stamps,
            templates=WebTemplates(config, urls, stamps=stamps),
            clock=app.clock,
            trends=Trends(rooms),
            searcher=Searcher(rooms),
            tryout=Tryout(rooms),
            cache=cache,
        )

    def close(self) -> None:
        self.rooms.db.close()
