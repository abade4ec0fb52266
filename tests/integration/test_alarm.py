"""Alerts reach the operator by mail and by webhook, once a day; a heartbeat tells that passes go on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from digest.app import App
from digest.delivery.hooks import call
from digest.errors import StoreError, TransportError
from digest.model import DeliveryState as S
from digest.pipeline.alarm import heartbeat
from digest.sources.contract.server import HttpServer, Reply
from digest.store.outbox.books import MISMATCH
from digest.store.schema import deliveries, events
from tests.support.apps import Hands
from tests.support.outbox_rows import add_readers
from tests.support.smtp_server import Rule, Say, SmtpServer
from tests.support.world import parsed, text_of

DAY = dt.date(2026, 11, 20)
MORNING = dt.datetime(2026, 11, 20, 7, 0, tzinfo=dt.UTC)
DUE = dt.datetime(2026, 11, 21, 6, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def web() -> Iterator[HttpServer]:
    with HttpServer() as server:
        server.serve("/hook", Reply(body=b"ok"))
        server.serve("/beat", Reply(body=b"ok"))
        yield server


def an_app(folder: Path, clock: Hands, smtp: SmtpServer, web: HttpServer) -> App:
    (folder / "subscribers").mkdir()
    settings = {
        "mail": {
            "transport": "smtp",
            "server": f"smtp://127.0.0.1:{smtp.port}",
            "from": "Papers <papers@uni.example>",
            "report_to": "op@uni.example",
        },
        "alerts": {"webhook": f"{web.url}/hook", "heartbeat": f"{web.url}/beat"},
    }
    (folder / "config.yaml").write_text(json.dumps(settings))
    return App(folder / "config.yaml", env={}, clock=clock)


def a_lost_day(app: App) -> None:
    """One reader waited, and nothing was accepted."""
    add_readers(app.db, "ada", state="paused")
    times = dict.fromkeys(("due_at", "not_before", "expires_at", "created_at", "updated_at"), MORNING)
    with app.db.write() as connection:
        row = {"subscriber_id": "ada", "edition": DAY, "trial": False, "state": S.FAILED, "attempt_count": 1, **times}
        connection.execute(insert(deliveries).values(**row))


def test_a_day_without_mail_is_told_by_mail_and_webhook_once(tmp_path: Path, smtp: SmtpServer, web: HttpServer) -> None:
    """What is wrong and what to do; not again on the same day, and again on the next if it still is."""
    clock = Hands(DUE)
    app = an_app(tmp_path, clock, smtp, web)
    a_lost_day(app)
    assert [alert.kind for alert in app.alarm()] == ["nothing-sent"]
    (mail,) = map(parsed, smtp.messages)
    assert mail["To"].addresses[0].addr_spec == "op@uni.example"
    assert "Nothing was sent on 2026-11-20, though 1 reader waited: 1 failed" in " ".join(text_of(mail).split())
    (hooked,) = web.asked("/hook")
    said = json.loads(hooked.body)
    assert said["alerts"][0]["kind"] == "nothing-sent"
    assert said["text"].startswith("Paper digest: Nothing was sent")
    clock.now += HOUR
    assert [alert.kind for alert in app.alarm()] == ["nothing-sent"]
    assert (len(smtp.messages), len(web.asked("/hook"))) == (1, 1)
    with app.db.write() as connection:
        detail = {"edition": DAY.isoformat(), "deliveries": [1]}
        connection.execute(insert(events).values(at=clock.now, kind=MISMATCH, detail=detail))
    assert [alert.kind for alert in app.alarm()] == ["nothing-sent", "books"]
    assert len(smtp.messages) == 2
    app.close()


def test_an_alert_that_cannot_be_told_is_tried_again(
    tmp_path: Path, smtp: SmtpServer, web: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With neither mail nor webhook it stands in the log, and half an hour later it is tried anew."""
    clock = Hands(DUE)
    app = an_app(tmp_path, clock, smtp, web)
    a_lost_day(app)
    smtp.script(Rule(at="mail", do=Say("554 5.7.1 no")))
    web.serve("/hook", Reply(status=500), Reply(body=b"ok"))
    app.alarm()
    assert "ALERT nothing-sent" in caplog.text
    assert "could not be told by webhook: 127.0.0.1 answered 500" in caplog.text
    app.alarm()
    assert len(web.asked("/hook")) == 1
    clock.now += HOUR
    app.alarm()
    app.alarm()
    assert len(web.asked("/hook")) == 2
    app.close()


def test_a_heartbeat_follows_every_good_pass(tmp_path: Path, smtp: SmtpServer, web: HttpServer) -> None:
    """And a watcher that does not answer disturbs nothing."""
    app = an_app(tmp_path, Hands(DUE), smtp, web)
    app.tick()
    assert [seen.method for seen in web.asked("/beat")] == ["GET"]
    web.serve("/beat", Reply(status=503))
    heartbeat(app.rooms)
    app.close()


def test_a_pass_that_fails_wakes_somebody(tmp_path: Path, smtp: SmtpServer, web: HttpServer) -> None:
    """A journal that cannot be read stops every pass: hours later the operator hears that nobody is served."""
    clock = Hands(DUE)
    app = an_app(tmp_path, clock, smtp, web)
    add_readers(app.db, "ada")  # due since 2025
    (tmp_path / "digest-journal").write_text("no folder")
    with pytest.raises(StoreError, match="digest-journal"):
        app.tick()
    assert "1 reader should have been served long ago" in json.loads(web.asked("/hook")[0].body)["text"]
    assert web.asked("/beat") == []
    app.close()


def test_a_secret_path_is_not_in_the_error(web: HttpServer) -> None:
    """What the log says of a webhook names its host alone; a redirect is not followed."""
    web.serve("/secret", Reply(status=302, headers={"Location": f"{web.url}/hook"}))
    with pytest.raises(TransportError, match="answered 302") as refused:
        call(f"{web.url}/secret", {"text": "x"})
    assert "secret" not in str(refused.value)
    assert web.asked("/hook") == []
    with pytest.raises(TransportError, match="did not answer"):
        call("http://127.0.0.1:9/secret")
