"""`digest why` and the readers' names, before anything was sent."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from digest.errors import NotFound
from tests.support.apps import Hands, make_app

ADA = "email: ada@uni.example\ntimezone: Europe/Berlin\n"
NOW = dt.datetime(2026, 5, 19, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(("asked", "told"), [("nobody", "there are: ada"), ("adda", "did you mean ada?")])
def test_readers_of_files_are_named_before_the_first_run(tmp_path: Path, asked: str, told: str) -> None:
    """A reader whose file the store has not taken in yet is among those that an error offers."""
    app = make_app(tmp_path, Hands(NOW), readers={"ada": ADA}, sources=[])
    with pytest.raises(NotFound) as error:
        app.subscriber(asked)
    assert told in str(error.value)
