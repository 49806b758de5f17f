"""The journal: every payload with its verdict, encrypted, in a hash chain, on disk before it is answered.

The payloads are the truth and the graph is a view of them; so this is the file that must never lose, tear,
double or change a row. The chain covers ciphertext only: destroying a subject's key leaves it whole.
"""

import contextlib
import os
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from kg.chain import Checkpoint, Head, Row, corrupt, genesis, linked, new_journal_id, walk
from kg.directory import StoreDirectory, open_directory
from kg.entry import Entry
from kg.envelope import CannotOpen, Sealed, mark, unseal
from kg.errors import StoreUnavailable, StoreVersion, UsageError
from kg.keys import Keys
from kg.lock import Lock
from kg.sqlite import connect, guard, sound, transaction
from kg.unreadable import Unreadable

FORMAT_VERSION: Final = 1

_PAGE = 256
#: SQLite's own bound on pages.
_NO_LIMIT = 4294967294
_COLUMNS = ", ".join(Row._fields)
_SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE journal (seq INTEGER PRIMARY KEY, received TEXT NOT NULL, tenant TEXT NOT NULL,"
    " direction TEXT NOT NULL, message_type TEXT NOT NULL, subjects TEXT NOT NULL, payload BLOB NOT NULL,"
    " report BLOB NOT NULL, digest BLOB NOT NULL, verdict TEXT NOT NULL, shapes TEXT NOT NULL,"
    " mark BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL)",
    "CREATE INDEX journal_mark ON journal (mark)",
    *Unreadable.SCHEMA,
)


class Journal:
    """The journal of one store; the process that opens it owns the writers of the store.

    Args:
        directory: the store's directory; a journal is made where there is none.
        max_bytes: the file's largest size; beyond it appending says that the disk is full. 0: no bound.

    Raises:
        kg.errors.StoreUnavailable: another process holds the store, or a file cannot be read or written.
        kg.errors.StoreVersion: a newer FlexKG made it.
        kg.errors.JournalCorrupt: head, keys and journal do not belong together, or the last rows changed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     journal = Journal(folder)
    ...     journal.append(Entry(b"<x/>", "oadrPoll", ("ven-1",), "conforms", "{}", "1"))
    ...     journal.payload(1)
    ...     journal.close()
    1
    b'<x/>'
    """

    def __init__(self, directory: StoreDirectory | str | os.PathLike[str], *, max_bytes: int = 0) -> None:
        if not isinstance(directory, StoreDirectory):
            directory = open_directory(directory)
        self.directory = directory
        self._where = str(directory.journal)
        self._mutex = threading.RLock()
        self._closed = False
        with contextlib.ExitStack() as undo:
            lock = Lock(directory.lock)
            undo.callback(lock.release)
            there = directory.journal.exists() and directory.journal.stat().st_size > 0
            made = directory.head.exists() or there
            self.keys = Keys(directory.keys, create=not made)
            undo.callback(self.keys.close)
            self._db = connect(directory.journal, wal=True)
            undo.callback(self._db.close)
            self.limit(max_bytes)
            journal_id = self._identity()
            self._genesis = genesis(journal_id, directory.tenant)
            self._head = Head(directory.head, self.keys.secret, journal_id)
            undo.callback(self._head.close)
            self._last = self._reached()
            self.unreadable = Unreadable(self._db, directory.journal, self._mutex)
            undo.callback(self.unreadable.flush)
            self._undo = undo.pop_all()

    def limit(self, max_bytes: int) -> None:
        """Bound the journal file's size; beyond it appending says that the disk is full.

        Args:
            max_bytes: the bound, at least what the file has now; 0 for none.
        """
        with self._mutex, guard(self.directory.journal):
            page = self._db.execute("PRAGMA page_size").fetchone()[0]
            pages = max(1, max_bytes // page) if max_bytes else _NO_LIMIT
            self._db.execute(f"PRAGMA max_page_count={pages}").fetchone()

    def append(self, entry: Entry) -> int:
        """Record one payload, on disk on return; gives its sequence number."""
        return self.append_many([entry])[0]

    def append_many(self, entries: Iterable[Entry]) -> list[int]:
        """Record payloads in one transaction; all of them are on disk on return, or none is.

        Args:
            entries: the payloads, in the order that they get in the chain.

        Returns:
            Their sequence numbers.

        Raises:
            kg.errors.StoreUnavailable: the disk is full or cannot be written; nothing was recorded.
            kg.errors.UsageError: an entry names no subject.
        """
        batch = list(entries)
        if not all(entry.subjects for entry in batch):
            raise UsageError("an entry names no subject", cure="name at least the tenant")
        with self._mutex:
            self._opened()
            self.keys.subjects(name for entry in batch for name in entry.subjects)
            rows: list[Row] = []
            head = self._last
            for entry in batch:
                subjects = self.keys.subjects(dict.fromkeys(entry.subjects))
                rows.append(entry.row(head, self.directory.tenant, subjects))
                head = Checkpoint(rows[-1].seq, rows[-1].hash)
            marks = ", ".join("?" * len(Row._fields))
            with transaction(self._db, self.directory.journal):
                self._db.executemany(f"INSERT INTO journal ({_COLUMNS}) VALUES ({marks})", rows)  # noqa: S608
            self._last = head
            # The rows are safe already, and a head may lag: a failure here must not look like a lost batch.
            with contextlib.suppress(OSError):
                self._head.write(head)
            return [row.seq for row in rows]

    def find(self, payload: bytes, subjects: Sequence[str]) -> tuple[int, str] | None:
        """Find the last row that holds exactly these bytes about exactly these subjects.

        Returns: sequence number and verdict, or None.
        """
        known = self.keys.known(dict.fromkeys(subjects))
        if not known:
            return None
        with self._mutex, guard(self.directory.journal):
            self._opened()
            sql = "SELECT seq, verdict FROM journal WHERE mark = ? ORDER BY seq DESC LIMIT 1"
            row = self._db.execute(sql, (mark(payload, known),)).fetchone()
        return (row[0], row[1]) if row else None

    def rows(
        self, after: int = 0, without: Collection[str] = (), about: str = "", only: str = "", which: str = ""
    ) -> Iterator[Row]:
        """Go through the rows in order, those recorded meanwhile included.

        Args:
            after: start behind this sequence number.
            without: message types that are left out.
            about: pseudonym of a subject that they speak of, successors included; empty for any.
            only: the one message type that is given; empty for any.
            which: the one direction, likewise.
        """
        about = about and f'"{about}"'
        chosen = (("instr(subjects, ?)", about), ("message_type = ?", only), ("direction = ?", which))
        terms = [("message_type <> ?", name) for name in without] + [one for one in chosen if one[1]]
        skip, values = "".join(f" AND {term}" for term, _ in terms), [value for _, value in terms]
        while True:
            with self._mutex, guard(self.directory.journal):
                self._opened()
                page = self._db.execute(
                    f"SELECT {_COLUMNS} FROM journal WHERE seq > ?{skip}"  # noqa: S608
                    f" ORDER BY seq LIMIT {_PAGE}",
                    (after, *values),
                ).fetchall()
            if not page:
                return
            yield from map(Row._make, page)
            after = page[-1][0]

    def numbers(self, message_type: str) -> set[int]:
        """Give the numbers of the rows of a message type, successors aside."""
        with self._mutex, guard(self.directory.journal):
            self._opened()
            found = self._db.execute(
                "SELECT seq FROM journal WHERE message_type = ? AND direction <> 'redacted'", (message_type,)
            )
            return {row[0] for row in found}

    def payload(self, seq: int) -> bytes | None:
        """Give the bytes of a row; None where the key of one of its subjects was destroyed.

        Raises:
            kg.errors.UsageError: there is no such row.
            kg.errors.JournalCorrupt: the row does not fit its key.
        """
        with self._mutex, guard(self.directory.journal):
            self._opened()
            found = self._db.execute(f"SELECT {_COLUMNS} FROM journal WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
        row = Row._make(found) if found is not None else None
        if row is None:
            raise UsageError(f"the journal has no row {seq}", cure=f"its last row is {self.head.seq}")
        opened = self.open(row)
        return opened[0] if opened else None

    def open(self, row: Row) -> tuple[bytes, str] | None:
        """Decrypt a row.

        Returns:
            The payload and the report (JSON text); None where the key of one of its subjects was destroyed.

        Raises:
            kg.errors.JournalCorrupt: the row does not fit its key.
        """
        try:
            found = unseal(Sealed(row.subjects, row.payload, row.report), self.keys.key)
        except CannotOpen as error:
            raise corrupt(f"row {row.seq} cannot be decrypted: {error}", self._where) from error
        return (found[0], found[1].decode()) if found else None

    @property
    def head(self) -> Checkpoint:
        """How far the chain reaches: hand it out, and a tail that is cut off later can be proved."""
        return self._last

    def verify(self, against: Checkpoint | None = None) -> Checkpoint:
        """Walk the whole chain and check the files' pages, the seals of the keys and the head.

        Args:
            against: a checkpoint that was handed out before.

        Returns:
            The head of the chain.

        Raises:
            kg.errors.JournalCorrupt: something was changed, lost, swapped or cut off; it names the row.
        """
        with self._mutex:
            self._opened()
            sound(self._db, self.directory.journal)
            self.keys.verify()
            expected = [self._head.read(), self._last]
        if against is not None:
            expected.append(against)
        return walk(self.rows(), Checkpoint(0, self._genesis), expected, self._where)

    def close(self) -> None:
        """Put everything on disk, close the files and give up the lock; closing twice does nothing."""
        with self._mutex:
            self._closed = True
            self._undo.close()

    def _opened(self) -> None:
        if self._closed:
            raise StoreUnavailable("the journal is closed", where=self._where, cure="open the store again")

    def _identity(self) -> str:
        """Read the journal's identifier, or make a journal where there never was one."""
        path = self.directory.journal
        with guard(path):
            made = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
        if not made:
            if self.directory.head.exists() or not self.keys.empty():
                raise corrupt("the journal is missing, its head or its keys are there", self._where)
            with transaction(self._db, path):
                for statement in _SCHEMA:
                    self._db.execute(statement)
                values = [("format_version", FORMAT_VERSION), ("id", new_journal_id())]
                self._db.executemany("INSERT INTO meta VALUES (?, ?)", values)
        with guard(path):
            stated = dict(self._db.execute("SELECT name, value FROM meta"))
        version, journal_id = stated.get("format_version"), stated.get("id")
        if not isinstance(version, int) or not isinstance(journal_id, str):
            raise corrupt("the journal does not say its format and identifier", self._where)
        if version > FORMAT_VERSION:
            raise StoreVersion(
                f"the journal has format {version}, this FlexKG knows formats up to {FORMAT_VERSION}",
                where=self._where,
                cure="install the newer FlexKG that made it",
            )
        return journal_id

    def _reached(self) -> Checkpoint:
        """Find how far the chain reaches, checking the rows from the last sealed head on."""
        start = Checkpoint(0, self._genesis)
        with guard(self.directory.journal):
            empty = self._db.execute("SELECT 1 FROM journal LIMIT 1").fetchone() is None
        if empty and self.keys.empty() and not self.directory.head.exists():
            with guard(self.directory.head):
                self._head.write(start)
                self._head.sync()
        sealed = self._head.read()
        if sealed.seq > 0:
            row = next(self.rows(sealed.seq - 1), None)
            if row is None or row.seq != sealed.seq:
                raise corrupt(f"row {sealed.seq} is missing", self._where)
            start = linked(row, Checkpoint(row.seq - 1, row.previous), self._where)
        return walk(self.rows(start.seq), start, [sealed], self._where)
