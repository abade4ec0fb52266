"""One database, SQLite or PostgreSQL: the engine, its transactions, and what their errors mean.

SQLite runs in WAL with ``BEGIN IMMEDIATE`` for writers and a busy time-out, so that several processes share one file;
``synchronous=FULL`` because the outbox promises that what was committed survives a power cut.

A database may be opened for reading alone: then the engine itself refuses to change anything, whoever asks.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.pool import StaticPool

from digest.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert

T = TypeVar("T")
Insertion = Callable[[Table], "Insert"]
"""The dialect's own INSERT, which knows ON CONFLICT (:attr:`Database.insert`)."""

BUSY_TIMEOUT_MS = 20_000
CACHE_KIB = 32 * 1024
"""SQLite's pages that a connection keeps: new rows of a large catalog touch all parts of its indexes."""
CHECKPOINT_PAGES = 4_000
"""Pages of 4 KiB in the log before they are copied into the database: one that changed often is copied once."""
TOLD = "digest_told"
"""Under this name a transaction collects, in ``Connection.info``, what :attr:`Database.before_commit` is to know."""
_RESTRUCTURING = 0x64696765
"""The advisory lock of whoever changes the schema on PostgreSQL."""
_WRITING = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"wal_autocheckpoint={CHECKPOINT_PAGES}")
_POSTGRESQL_READS = "-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read"
"""A read-only session whose transactions each see one state (https://www.postgresql.org/docs/current/transaction-iso.html)."""


class Database:
    """Owns the engine. ``write()`` is one transaction; ``read()`` is one consistent snapshot."""

    def __init__(self, url: str | URL, *, read_only: bool = False) -> None:
        """
        Args:
            url: ``sqlite:///FILE`` or ``postgresql://…``.
            read_only: refuse every write, be it asked for with :meth:`write` or hidden in a query.
        """
        self.read_only = read_only
        self.before_commit: Callable[[Connection], object] = lambda _connection: None
        """Called at the end of every :meth:`write`, within its transaction."""
        self._held: ContextVar[Connection | None] = ContextVar("held", default=None)
        try:
            parsed = make_url(url)
        except Exception as error:
            raise StoreError(f"store: {url!r} is not a database URL; try sqlite:///digest.db") from error
        self.dialect = parsed.get_backend_name()
        if self.dialect == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        elif self.dialect != "sqlite":
            raise StoreError(f"store: {self.dialect} is not supported; use sqlite:///FILE or postgresql://…")
        self.url = parsed
        self.engine = self._sqlite() if self.dialect == "sqlite" else self._postgresql()

    def _postgresql(self) -> Engine:
        options = {"options": _POSTGRESQL_READS} if self.read_only else {}
        try:
            return create_engine(self.url, pool_pre_ping=True, connect_args=options)
        except ModuleNotFoundError as error:
            raise StoreError("store: PostgreSQL needs its driver: pip install 'paper-digest[postgres]'") from error

    def _sqlite(self) -> Engine:
        options: dict[str, Any] = {}
        url, read_only = self.url, self.url.query.get("mode") == "ro"
        if read_only:
            url = _read_only(self.url)
        elif self.url.database in (None, "", ":memory:"):
            options = {"poolclass": StaticPool}
        else:
            folder = Path(str(self.url.database)).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"store: {folder}: {error.strerror or error}") from error
        engine = create_engine(
            url, connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}, **options
        )

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _record: object) -> None:
            # Transactions are begun by us (below), not by the driver, which would begin them late and DEFERRED.
            connection.isolation_level = None
            writing = () if read_only else ("query_only=ON",) if self.read_only else _WRITING
            for pragma in (*writing, f"busy_timeout={BUSY_TIMEOUT_MS}", f"cache_size=-{CACHE_KIB}"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            immediate = connection.get_execution_options().get("digest_write", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

        if options:
            # One shared connection in memory: readers and writers take turns.
            self._turn: threading.RLock | None = threading.RLock()
        return engine

    _turn: threading.RLock | None = None

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; None of a server, and of a database in memory."""
        name = self.url.database
        return None if self.dialect != "sqlite" or name in (None, "", ":memory:") else Path(str(name)).absolute()

    @property
    def shown_url(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction, committed at the end of the block. Never put network inside.

        Raises:
            StoreError: the database is locked beyond patience, read-only, full, or gone.
        """
        if self.read_only:
            raise StoreError("store: nothing may be changed here: this database was opened for reading alone")
        with self._connection(write=True) as connection:
            connection.info.pop(TOLD, None)  # of a transaction that was rolled back, on the same connection
            yield connection
            self.before_commit(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read transaction: all its queries see the same state."""
        if (held := self._held.get()) is not None:
            yield held
            return
        with self._connection(write=False) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One read transaction for every :meth:`read` of the block, in this thread: all of them see the same state."""
        with self.read() as connection:
            token = self._held.set(connection)
            try:
                yield
            finally:
                self._held.reset(token)

    @contextmanager
    def restructure(self) -> Iterator[Connection]:
        """One write transaction for changes of the schema: all of it, or nothing.

        On SQLite a table is changed by making it anew, which its foreign keys would forbid or answer by deleting rows:
        they rest meanwhile, and are checked before the commit (https://www.sqlite.org/lang_altertable.html, section 7).

        Raises:
            StoreError: as :meth:`write`, and where a row is left that refers to nothing.
        """
        with self._connection(write=True, unchecked=self.dialect == "sqlite") as connection:
            if self.dialect == "postgresql":
                # Whoever else starts a new version now waits here, and then finds the work done.
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_RESTRUCTURING})")
            yield connection
            if self.dialect == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                tables = ", ".join(sorted({str(row[0]) for row in broken}))
                raise StoreError(f"store {self.shown_url}: {len(broken)} rows of {tables} refer to nothing")

    @contextmanager
    def _connection(self, *, write: bool, unchecked: bool = False) -> Iterator[Connection]:
        if self._turn is not None:
            self._turn.acquire()
        try:
            with (
                self.engine.connect().execution_options(digest_write=write) as connection,
                _unchecked(connection) if unchecked else nullcontext(),
                connection.begin(),
            ):
                yield connection
        except (IntegrityError, ProgrammingError, DataError):
            raise  # a bug of ours: keep its name and traceback
        except DBAPIError as error:
            raise StoreError(_advice(error, self.shown_url)) from error
        finally:
            if self._turn is not None:
                self._turn.release()

    @cached_property
    def insert(self) -> Insertion:
        """The dialect's own INSERT, which knows ON CONFLICT."""
        return dialect_insert(self.dialect)

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _unchecked(connection: Connection) -> Iterator[None]:
    """SQLite without foreign keys. The pragma does nothing within a transaction, so it is set around one."""
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _read_only(url: URL) -> URL:
    """``sqlite:///digest.db?mode=ro`` as a URI file name (https://www.sqlite.org/uri.html).

    A database in WAL is read with the help of two files beside it. Where they can't be made and a writer has left none,
    nobody can be writing, and SQLite is told so.
    """
    file = Path(str(url.database)).absolute()
    query = {"mode": "ro", "uri": "true"}
    if not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists():
        query["immutable"] = "1"
    return url.set(database=f"file:{quote(str(file))}", query=query)


def dialect_insert(dialect: str) -> Insertion:
    """INSERT with ON CONFLICT; only the dialect in use is imported."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    # Both have on_conflict_do_nothing, on_conflict_do_update and excluded, under the same names.
    return cast("Insertion", sqlite_insert)


def exists(url: str) -> bool:
    """Whether there is something to open: True for a server, which only connecting can tell."""
    parsed = make_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(str(parsed.database)).exists()


IN_CHUNK = 400
"""Values per IN list: SQLite allows 32,766 variables, but plans better with fewer."""


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a long list of values for IN."""
    return (values[start : start + IN_CHUNK] for start in range(0, len(values), IN_CHUNK))


def _advice(error: DBAPIError, url: str) -> str:
    text = str(error.orig)
    for sign, advice in {
        "database is locked": "another process holds it; wait, or see who runs `digest daemon`",
        "disk is full": "the disk is full; free some space, nothing was lost",
        "disk I/O error": "the disk is full or failing; nothing was lost",
        "readonly database": "no permission to write there, or the URL says mode=ro",
        "file is not a database": "that file is something else; give another name, or restore a backup",
        "malformed": "the file is damaged; restore a backup",
        "unable to open": "no such folder, or no permission",
        "no such table": "not a database of this program, or it was never upgraded: digest db upgrade",
        "could not connect": "PostgreSQL does not answer there",
        "connection refused": "PostgreSQL does not answer there",
    }.items():
        if sign in text.lower():
            return f"store {url}: {text.strip().splitlines()[0]} ({advice})"
    return f"store {url}: {text.strip().splitlines()[0] if text.strip() else type(error).__name__}"
