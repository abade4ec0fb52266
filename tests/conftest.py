"""Databases of both kinds for any test that wants one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import fresh_database, postgres_server


@pytest.fixture(scope="session")
def postgres_host() -> Iterator[str | None]:
    """The URL of a PostgreSQL server, started by the first test that asks: that takes seconds. None: not to be had."""
    with postgres_server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_host: str | None) -> Iterator[str]:
    """A new, empty database on PostgreSQL; the test is skipped where there is no server."""
    if postgres_host is None:
        pytest.skip("no PostgreSQL here: set DIGEST_TEST_POSTGRES or install its server")
    with fresh_database(postgres_host) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/digest.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
