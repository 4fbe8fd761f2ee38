"""The SQLite file: opening and checking it, one writer connection, a few readers, each in threads of their own."""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

# sqlite-utils picks pysqlite3 too; SQLite before 3.51.3 can corrupt a WAL database that two connections write.
import pysqlite3 as sqlite3
from sqlite_utils import Database as SchemaDatabase

from backend.errors import ErrorKind, PlatformError
from backend.store.migrations import STEPS, migrations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")
BUSY_TIMEOUT_MILLISECONDS = 10_000
READERS = 2
_QUICK_CHECK_BYTES = 64 * 1024 * 1024  # larger stores are checked by `otetui doctor`, not at every start
_SMALLEST_PAGE_BYTES = 512
_APPLICATION_ID = 0x6F746574  # "otet": tells our file from any other SQLite file.

SqlValue = str | int | float | bytes | None


class Transaction:
    """A connection within a transaction; all of the store's queries go through it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[SqlValue] | Mapping[str, SqlValue] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        found: list[sqlite3.Row] = self._connection.execute(sql, parameters).fetchall()
        return found

    def row(self, sql: str, parameters: Sequence[SqlValue] | Mapping[str, SqlValue] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        found: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def count(self, sql: str, parameters: Sequence[SqlValue] | Mapping[str, SqlValue] = ()) -> int:
        """Run a query that returns one number, such as a count of rows."""
        row = self._connection.execute(sql, parameters).fetchone()
        return int(row[0]) if row is not None and row[0] is not None else 0

    def change(self, sql: str, parameters: Sequence[SqlValue] | Mapping[str, SqlValue] = ()) -> int:
        """Run a statement that writes; returns how many rows it changed."""
        return int(self._connection.execute(sql, parameters).rowcount)

    def change_many(self, sql: str, parameters: Sequence[Sequence[SqlValue]]) -> None:
        """Run a statement that writes once per element of `parameters`."""
        self._connection.executemany(sql, parameters)

    def insert(self, sql: str, parameters: Sequence[SqlValue] | Mapping[str, SqlValue] = ()) -> int:
        """Run an INSERT; returns the new row's id."""
        return int(self._connection.execute(sql, parameters).lastrowid)


class Database:
    """The store's file. `write` and `read` run a function on a transaction, off the event loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open the file at `path`, creating it with mode 0600 or migrating it where that is due.

        Raises PlatformError when the file is damaged, is not ours, is of a newer otetui, or cannot be written.
        """
        database = cls(path)
        try:
            await asyncio.get_running_loop().run_in_executor(database._writer, database._prepare)
        except BaseException:
            await database.close()
            raise
        return database

    async def write(self, function: Callable[[Transaction], T]) -> T:
        """Run `function` in a write transaction: committed when it returns, rolled back when it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._in_write, function)

    async def read(self, function: Callable[[Transaction], T]) -> T:
        """Run `function` in a read transaction: it sees one state of the store throughout."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._in_read, function)

    async def close(self) -> None:
        """Close all connections after what is under way."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._shut_down)

    def _shut_down(self) -> None:
        self._readers.shutdown()
        self._writer.shutdown()
        # The writer was opened first and goes last: it owns the checkpoint.
        for connection in reversed(self._connections):
            connection.close()
        self._connections.clear()

    def _prepare(self) -> None:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.close(descriptor)
            if 0 < self.path.stat().st_size < _SMALLEST_PAGE_BYTES:
                raise sqlite3.DatabaseError("file is not a database")  # SQLite would take it for an empty one
            connection = self._connect()
            self._local.connection = connection
            with _alone(self.path):
                _check_file(connection, self.path)
                _migrate(connection, self.path)
        except OSError as error:
            raise PlatformError(
                ErrorKind.INTERNAL,
                f"The store {self.path} cannot be opened: {error.strerror}. Check the folder and its permissions.",
                reason="store_unavailable",
            ) from error
        except sqlite3.Error as error:
            raise store_error(error, self.path) from error

    def _connect(self, *, read_only: bool = False) -> sqlite3.Connection:
        connection = sqlite3.connect(str(self.path), isolation_level=None, check_same_thread=False)
        self._connections.append(connection)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection

    def _connection(self, *, read_only: bool) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect(read_only=read_only)
            self._local.connection = connection
        return connection

    def _in_write(self, function: Callable[[Transaction], T]) -> T:
        return self._run(function, "BEGIN IMMEDIATE", read_only=False)

    def _in_read(self, function: Callable[[Transaction], T]) -> T:
        return self._run(function, "BEGIN", read_only=True)

    def _run(self, function: Callable[[Transaction], T], begin: str, *, read_only: bool) -> T:
        try:
            connection = self._connection(read_only=read_only)
            connection.execute(begin)
            try:
                result = function(Transaction(connection))
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise store_error(error, self.path) from error
        return result

    async def data_version(self) -> int:
        """A number that changes when another process has committed; this process' own commits leave it as it is."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._data_version)

    def _data_version(self) -> int:
        # On the writer's connection: SQLite counts only what other connections commit, and readers never do.
        return int(self._connection(read_only=False).execute("PRAGMA data_version").fetchone()[0])


def store_error(error: sqlite3.Error, path: Path) -> PlatformError:
    """The sentence for an error of SQLite itself: damaged, full, read-only, busy, or unexpected."""
    name = getattr(error, "sqlite_errorname", "") or ""
    text = str(error)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "malformed" in text or "not a database" in text:
        sentence = f"The store {path} is damaged ({text}). Nothing was changed. Keep the file and restore a backup."
        return PlatformError(ErrorKind.INTERNAL, sentence, reason="store_damaged")
    if name.startswith("SQLITE_FULL") or "disk is full" in text:
        sentence = f"The disk that holds {path} is full, so nothing was saved. Free some space and try again."
        return PlatformError(ErrorKind.INTERNAL, sentence, reason="store_full")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")):
        sentence = f"The store {path} cannot be written ({text}). Check its permissions and its disk."
        return PlatformError(ErrorKind.INTERNAL, sentence, reason="store_unavailable")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        sentence = f"The store {path} stayed busy with another otetui for too long. Nothing was saved: try again."
        return PlatformError(ErrorKind.INTERNAL, sentence, reason="store_busy")
    return PlatformError(ErrorKind.INTERNAL, f"The store refused the change: {text}.", reason="store_error")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    # Two processes that open a new or an older store at once must not both migrate it.
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _check_file(connection: sqlite3.Connection, path: Path) -> None:
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
    if application not in {0, _APPLICATION_ID} or (application == 0 and tables):
        raise PlatformError(
            ErrorKind.INTERNAL,
            f"{path} is a SQLite file of another program. Choose another OTETUI_HOME, or move that file away.",
            reason="store_foreign",
        )
    if path.stat().st_size <= _QUICK_CHECK_BYTES:
        problem = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if problem != "ok":
            raise sqlite3.DatabaseError(f"database disk image is malformed: {problem}")
    connection.execute("PRAGMA journal_mode = WAL")
    if application == 0:
        # Before the first table: a store cut off while it was made must still be known as ours.
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    schema = SchemaDatabase(connection)
    newer = {migration.name for migration in migrations.applied(schema)} - set(STEPS)
    if newer:
        raise PlatformError(
            ErrorKind.INTERNAL,
            f"The store {path} was written by a newer otetui (it knows {', '.join(sorted(newer))}). "
            "Install that version, or restore a backup made by this one.",
            reason="store_newer",
        )
    if migrations.pending(schema):
        migrations.apply(schema)
