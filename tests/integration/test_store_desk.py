"""What the operator's pages ask of the store, on SQLite and PostgreSQL: days, readers, lists, acts."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.exc import StatementError

from digest.errors import StoreError
from digest.model import Act, Evidence, ReaderState, SendTimes, SourceReport, SourceStatus, Subscriber
from digest.store.acts import ActStore
from digest.store.daily import daily
from digest.store.members import MemberStore
from digest.store.outbox import Filters
from digest.store.reader_index import ReaderIndex
from digest.store.sources import SourceStore
from tests.support.outbox_rows import NOW, make_outbox

DAY = dt.timedelta(days=1)


def reader(name: str) -> Subscriber:
    times = SendTimes(timezone="Europe/Berlin", send=dt.time(7, 30))
    return Subscriber(id=name, email=f"{name}@uni.example", times=times)


def test_days_readers_and_acts(database_url: str) -> None:
    """Days are UTC's, figures fall on theirs, a search takes % and _ as they are, acts come back newest first."""
    outbox = make_outbox(database_url)
    db = outbox._db
    members, late = MemberStore(db), dt.timedelta(hours=18)
    everybody = [(reader(name), Evidence(text="x")) for name in ("ada", "eve_x", "evezx")]
    assert members.add_all(everybody, Act.IMPORTED, max_lateness=late, now=NOW) == [None] * 3
    late_evening = dt.datetime.combine(NOW.date(), dt.time(23, 59), dt.UTC) - DAY
    members.leave("eve_x", Evidence(), now=late_evening)
    for source, new in (("arxiv", 7), ("signal:votes", 99)):
        SourceStore(db).report(
            SourceReport(
                source=source, started_at=late_evening, finished_at=late_evening, status=SourceStatus.OK,
                announced=None, read=9, new=new, updated=0, rejected=0, error=None,
            )
        )  # fmt: skip
    month = daily(db, NOW.date(), days=30)
    assert (len(month.days), month.days[-1]) == (30, NOW.date())
    assert (month.leaves[-2:], month.papers[-2:], sum(month.newcomers)) == ((1, 0), (7, 0), 3)

    index = ReaderIndex(db)
    assert [one.subscriber.id for one in index.page("E_X", start=0, limit=9)[1]] == ["eve_x"]
    assert index.page("%", start=0, limit=9) == (0, [])
    assert index.page(state=ReaderState.LEFT, start=0, limit=0) == (1, [])
    assert [one.subscriber.id for one in index.each()] == ["ada", "eve_x", "evezx"]
    assert outbox.size(Filters(subscriber_id="ada")) == 0

    known = members.with_address(index.page("ada", start=0, limit=1)[1][0].subscriber.email)
    assert known is not None
    twins = [(known.subscriber, Evidence(text="a form"))]
    (reason,) = members.add_all(twins, Act.IMPORTED, max_lateness=late, now=NOW)
    assert reason is not None
    assert "is the address of ada" in reason

    acts = ActStore(db)
    acts.record("hold", who="ada", detail={"ids": [1]}, now=NOW)
    acts.record("pause", who="eve", detail={}, now=NOW)
    assert [(one.act, one.who, dict(one.detail)) for one in acts.latest(9)] == [
        ("pause", "eve", {}),
        ("hold", "ada", {"ids": [1]}),
    ]
    db.close()


def test_a_list_is_stored_whole_or_not_at_all(database_url: str) -> None:
    """When the last of it cannot be stored, the first is not stored either; the same twice in a list is one."""
    db = make_outbox(database_url)._db

    def listed(*names: str) -> list[tuple[Subscriber, Evidence]]:
        return [(reader(name), Evidence(text="x")) for name in names]

    members = MemberStore(db)
    late = dt.timedelta(hours=18)
    two = [*listed("b1", "b2"), *listed("b1")]
    told = members.add_all(two, Act.IMPORTED, max_lateness=late, now=NOW)
    assert told[:2] == [None, None]
    assert told[2] is not None
    naive = Evidence(text="x", at=dt.datetime(2026, 1, 1))
    with pytest.raises((StoreError, StatementError), match="naive"):
        members.add_all([*listed("c1"), (listed("c2")[0][0], naive)], Act.IMPORTED, max_lateness=late, now=NOW)
    assert [one.subscriber.id for one in ReaderIndex(db).each()] == ["b1", "b2"]
    db.close()
