"""Connections to the store: durable commits, one writer at a time, a bounded wait, and errors that say what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError

from .migrate import NewerStoreError, is_current, upgrade

WAIT_S = 30.0
# Any constant of our own: PostgreSQL's advisory locks are numbers, and writers of this store share this one.
_WRITERS_LOCK = 0x10_5C_07


class StoreError(OSError):
    """The measurement store cannot be read or written; nothing of the addition under way was kept."""


class Database:
    """A database with the store's tables in it.

    Parameters
    ----------
    uri : str
        `sqlite:///path`, or `postgresql://user@host/name` (with the extra `ionscout[postgresql]`).
    wait_s : float
        How long to wait for another writer.
    """

    def __init__(self, uri: str, wait_s: float = WAIT_S):
        self.url = _url(uri)
        self.wait_s = wait_s
        self.name = self.url.database if self.is_sqlite else self.url.render_as_string(hide_password=True)
        with self._told():
            self._engine = _sqlite(self.url, wait_s) if self.is_sqlite else _postgresql(self.url, wait_s)
            with self._engine.connect() as connection:
                current = is_current(connection)
            if not current:
                with self.writing() as connection:
                    upgrade(connection)

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a file."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the store, whatever others write meanwhile."""
        with self._told(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that no other writer shares; on disk when the block is left, or not at all."""
        with self._told(), self._engine.connect() as connection:
            connection = connection.execution_options(ionscout_writes=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})"))
                yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the database, retold as `StoreError` with the remedy."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
            raise StoreError(f"measurement store {self.name}: {self._why(cause)}") from error
        except NewerStoreError as error:
            raise StoreError(f"measurement store {self.name}: {error}") from error
        except ModuleNotFoundError as error:
            if error.name not in ("psycopg", "psycopg_binary"):
                raise
            raise StoreError(
                f"measurement store {self.name}: the PostgreSQL driver is missing; pip install 'ionscout[postgresql]'"
            ) from error

    def _why(self, error: BaseException) -> str:
        """What a database error means, and the remedy."""
        kind = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or ""
        said = " ".join(str(error).split())
        if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or kind == "55P03":
            return (
                f"another process has kept it locked for {self.wait_s:g} s ({said}); nothing was written: "
                "try again when it is done"
            )
        if kind.startswith(("SQLITE_FULL", "SQLITE_IOERR")) or kind in ("53100", "58030"):
            return f"the disk is full or failing ({said}); nothing of this addition was written: free space, try again"
        if kind.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return (
                f"the file is damaged or no SQLite database ({said}); it was left as it is: bring back a backup, "
                "or save what can be read with `sqlite3 FILE .recover`"
            )
        if kind.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
            return f"the file cannot be opened for writing ({said}): check the folder and its permissions"
        if not self.is_sqlite and not kind:
            return f"the server cannot be reached ({said})"
        return said


def _url(uri: str) -> sa.URL:
    try:
        url = sa.make_url(uri)
    except ArgumentError:  # its text would show a password
        raise StoreError(
            "the address of the measurement store must look like sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from None
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreError(f"measurements are kept in SQLite or PostgreSQL, not {backend!r}: change the address")
    if not url.database or url.database == ":memory:":
        raise StoreError("a measurement store in memory would forget; name a file: sqlite:///FILE")
    return url


def _sqlite(url: sa.URL, wait_s: float) -> sa.Engine:
    try:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"measurement store {url.database}: its folder cannot be made ({error.strerror})") from error
    # A connection a transaction: nothing stays open over a fork, or over the file being put back from a backup.
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": wait_s})

    @event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = (
            None  # BEGIN is ours (below); the driver's own comes too late for a consistent read
        )
        connection.execute("PRAGMA journal_mode = WAL")  # readers and a writer do not wait for each other
        connection.execute("PRAGMA synchronous = FULL")  # a commit is on disk when it returns (sqlite.org/pragma.html)
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes its lock at once: a reader that turned writer could only fail.
        writes = connection.get_execution_options().get("ionscout_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: sa.URL, wait_s: float) -> sa.Engine:
    # Whatever the server's defaults: commits wait for the disk, and locks are not waited for without end.
    options = f"-c synchronous_commit=on -c lock_timeout={max(1, round(1000 * wait_s))}"
    return sa.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"connect_timeout": max(2, round(min(wait_s, 10))), "options": options},
    )
