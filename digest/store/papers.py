"""Papers as everybody reads them: by id, by name, by words, and as candidates. Written by digest.store.intake alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.types import NullType

from digest.model import Identifier, Observation, Paper, Scheme, Signal
from digest.store.database import Database, chunks
from digest.store.schema import Instant, features, identifiers, observations, papers

_GIVEN: BindParameter[Any] = bindparam("given", expanding=True)
# Made once: SQLAlchemy takes longer to make a statement than SQLite to answer it.
_PAPERS = select(papers).where(papers.c.id.in_(_GIVEN))
_NAMES = select(identifiers).where(identifiers.c.paper_id.in_(_GIVEN))
_REDIRECTED = select(papers.c.id, papers.c.redirect_to).where(
    papers.c.id.in_(_GIVEN), papers.c.redirect_to.is_not(None)
)


class StoredFeatures(NamedTuple):
    """What the ranker needs of one candidate; ``features`` is the packed blob. A tuple, because there are so many."""

    paper_id: int
    seen_at: dt.datetime
    primary_category: str
    features: bytes


class PaperStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def count(self) -> int:
        with self._db.read() as connection:
            return (
                connection.scalar(select(func.count()).select_from(papers).where(papers.c.redirect_to.is_(None))) or 0
            )

    def get(self, ids: Iterable[int]) -> dict[int, Paper]:
        """Papers by id, merged ones under the id that was asked for."""
        wanted = sorted(set(ids))
        found: dict[int, Paper] = {}
        with self._db.read() as connection:
            for chunk in chunks(wanted):
                names: dict[int, list[Identifier]] = {}
                rows = connection.execute(_PAPERS, {"given": chunk}).all()
                for row in connection.execute(_NAMES, {"given": chunk}):
                    names.setdefault(row.paper_id, []).append(Identifier(Scheme(row.scheme), row.value))
                for row in rows:
                    if row.redirect_to is None:
                        found[row.id] = _paper(row, names.get(row.id, []))
            redirected = {
                row.id: row.redirect_to
                for chunk in chunks([i for i in wanted if i not in found])
                for row in connection.execute(_REDIRECTED, {"given": chunk})
            }
        if redirected:
            targets = self.get(redirected.values())
            found.update({old: targets[new] for old, new in redirected.items() if new in targets})
        return found

    def find(self, names: Sequence[Identifier]) -> dict[Identifier, int]:
        """Which paper each identifier belongs to; of several that claim it, the one known longest."""
        return {name: ids[0] for name, ids in self.claimants(names).items()}

    def claimants(self, names: Sequence[Identifier]) -> dict[Identifier, list[int]]:
        """Every paper that claims an identifier, ascending: two arXiv records may name one DOI and be two papers."""
        found: dict[Identifier, list[int]] = {}
        with self._db.read() as connection:
            for chunk in chunks([(str(i.scheme), i.value) for i in names]):
                query = (
                    select(identifiers)
                    .where(tuple_(identifiers.c.scheme, identifiers.c.value).in_(chunk))
                    .order_by(identifiers.c.paper_id)
                )
                for row in connection.execute(query):
                    found.setdefault(Identifier(Scheme(row.scheme), row.value), []).append(row.paper_id)
        return found

    def find_by_title(self, words: str, limit: int = 10) -> list[Paper]:
        """Papers whose title contains all the words, newest first."""
        return self._found([papers.c.title.ilike(_within(word), escape="\\") for word in words.split()], limit)

    def search(self, words: str, limit: int = 20) -> list[Paper]:
        """Papers that have each of the words in their title or among their authors, newest first."""
        authors = cast(papers.c.authors, Text)
        conditions = [
            or_(
                papers.c.title.ilike(_within(word), escape="\\"),
                authors.ilike(_within(word), escape="\\"),
                authors.ilike(_within(json.dumps(word)[1:-1]), escape="\\"),  # as JSON may spell it: M\u00fcller
            )
            for word in words.split()
        ]
        return self._found(conditions, limit)

    def _found(self, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[Paper]:
        query = (
            select(papers.c.id)
            .where(papers.c.redirect_to.is_(None), *conditions)
            .order_by(papers.c.first_seen_at.desc(), papers.c.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            ids = list(connection.scalars(query))
        found = self.get(ids)
        return [found[i] for i in ids]

    def news(self, *, since: dt.datetime, until: dt.datetime) -> list[tuple[int, dt.datetime, str]]:
        """(id, when it became news, primary category) of everything that became news in a span, ascending by id."""
        query = (
            select(papers.c.id, papers.c.news_at, papers.c.primary_category)
            .where(
                papers.c.candidate,
                ~papers.c.withdrawn,
                papers.c.redirect_to.is_(None),
                papers.c.first_seen_at <= until,
                papers.c.news_at >= int(since.timestamp()),
            )
            .order_by(papers.c.id)
        )
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return [(row.id, dt.datetime.fromtimestamp(row.news_at, dt.UTC), row.primary_category) for row in rows]

    def without_features(self, basis: str, limit: int) -> list[int]:
        """The ids of papers that the ranker can't see yet: new, changed, or of another text basis. Newest first.

        It looks at every paper, so ask for many at once.
        """
        query = (
            select(papers.c.id)
            .outerjoin(features, and_(features.c.paper_id == papers.c.id, features.c.basis == basis))
            .where(features.c.paper_id.is_(None), papers.c.redirect_to.is_(None))
            .order_by(papers.c.first_seen_at.desc(), papers.c.id.desc())
            .limit(limit)
        )
        with self._db.read() as connection:
            return list(connection.scalars(query))

    def candidates(
        self,
        basis: str,
        *,
        since: dt.datetime,
        until: dt.datetime,
        before: dt.datetime | None = None,
        as_announced: bool = False,
    ) -> list[StoredFeatures]:
        """Everything that could be sent at ``until``: news since ``since`` (and ``before``), and known by then.

        With ``as_announced``, a paper was news, and known, from its announcement on: for history that was imported.
        """
        if as_announced:
            return self._announced(basis, since, until)
        # Raw values, fetched at once: this runs before every preview, and conversions would take as long again. Sorted
        # here, because ORDER BY makes SQLite scan all papers by id instead of finding the new ones by their index.
        query = (
            select(
                papers.c.id,
                papers.c.news_at,
                type_coerce(papers.c.primary_category, NullType()),
                type_coerce(features.c.blob, NullType()),
            )
            .join(features, and_(features.c.paper_id == papers.c.id, features.c.basis == basis))
            .where(
                papers.c.candidate,
                ~papers.c.withdrawn,
                papers.c.redirect_to.is_(None),
                papers.c.first_seen_at <= until,
                papers.c.news_at >= int(since.timestamp()),
            )
        )
        if before is not None:
            query = query.where(papers.c.news_at < int(before.timestamp()))
        with self._db.read() as connection:
            rows = sorted(connection.execute(query).all(), key=itemgetter(0))
        instant = dt.datetime.fromtimestamp
        return [StoredFeatures(i, instant(news_at, dt.UTC), category, blob) for i, news_at, category, blob in rows]

    def oldest_news(self, *, since: dt.datetime) -> dt.datetime | None:
        """When the oldest candidate since then was news."""
        query = select(func.min(papers.c.news_at)).where(papers.c.candidate, papers.c.news_at >= int(since.timestamp()))
        with self._db.read() as connection:
            oldest = connection.scalar(query)
        return None if oldest is None else dt.datetime.fromtimestamp(oldest, dt.UTC)

    def _announced(self, basis: str, since: dt.datetime, until: dt.datetime) -> list[StoredFeatures]:
        news = func.coalesce(papers.c.announced_at, papers.c.published_at, papers.c.first_seen_at, type_=Instant())
        query = (
            select(papers.c.id, news.label("at"), papers.c.primary_category, features.c.blob)
            .join(features, and_(features.c.paper_id == papers.c.id, features.c.basis == basis))
            .where(papers.c.candidate, ~papers.c.withdrawn, papers.c.redirect_to.is_(None))
            .where(news <= until, news >= since)
            .order_by(papers.c.id)
        )
        with self._db.read() as connection:
            return [StoredFeatures(*row) for row in connection.execute(query)]

    def last_values(self, signal: Signal, ids: Sequence[int]) -> dict[int, tuple[float, dt.datetime]]:
        """The last reading of a signal by paper, with when; papers without any are left out."""
        found: dict[int, tuple[float, dt.datetime]] = {}
        with self._db.read() as connection:
            for chunk in chunks(list(ids)):
                query = (
                    select(observations)
                    .where(observations.c.signal == str(signal), observations.c.paper_id.in_(chunk))
                    .order_by(observations.c.observed_at)
                )
                found.update({row.paper_id: (row.value, row.observed_at) for row in connection.execute(query)})
        return found

    def features_of(self, basis: str, ids: Sequence[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        with self._db.read() as connection:
            for chunk in chunks(list(ids)):
                query = select(features.c.paper_id, features.c.blob).where(
                    features.c.basis == basis, features.c.paper_id.in_(chunk)
                )
                found.update({row.paper_id: row.blob for row in connection.execute(query)})
        return found

    def observed(
        self, *, since: dt.datetime, until: dt.datetime, signals: Iterable[Signal] = tuple(Signal)
    ) -> list[Observation]:
        """The readings of some signals in a span, oldest first."""
        query = (
            select(observations)
            .where(observations.c.observed_at >= since, observations.c.observed_at <= until)
            .where(observations.c.signal.in_([str(signal) for signal in signals]))
            .order_by(observations.c.observed_at, observations.c.paper_id)
        )
        with self._db.read() as connection:
            return [
                Observation(row.paper_id, Signal(row.signal), row.value, row.observed_at)
                for row in connection.execute(query)
            ]

    def put_features(self, basis: str, blobs: Mapping[int, bytes]) -> None:
        """Store packed features of papers under one version of the text basis."""
        if not blobs:
            return
        statement = self._db.insert(features)
        statement = statement.on_conflict_do_update(
            index_elements=[features.c.paper_id, features.c.basis], set_={"blob": statement.excluded.blob}
        )
        with self._db.write() as connection:
            connection.execute(statement, [{"paper_id": i, "basis": basis, "blob": blob} for i, blob in blobs.items()])


def _within(word: str) -> str:
    """A LIKE pattern for texts that contain the word."""
    return "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _paper(row: Row[Any], names: Sequence[Identifier]) -> Paper:
    return Paper(
        id=row.id,
        title=row.title,
        abstract=row.abstract,
        authors=tuple(row.authors),
        categories=tuple(row.categories),
        url=row.url,
        identifiers=tuple(sorted(names)),
        first_seen_at=row.first_seen_at,
        announced_at=row.announced_at,
        published_at=row.published_at,
        version=row.version,
        code_url=row.code_url,
        comment=row.comment,
        withdrawn=row.withdrawn,
        candidate=row.candidate,
        sources=tuple(row.sources),
    )
