import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.chain import Row, digest, row_hash
from kg.entry import Entry
from kg.errors import JournalCorrupt, StoreError, StoreUnavailable, StoreVersion, UsageError
from kg.journal import Journal
from kg.unreadable import PER_MINUTE

ROWS = 12


def entry(n, *subjects, **more):
    return Entry(
        payload=f"<oadrPoll><venID>{subjects[0] if subjects else 'ven-1'}</venID>{n}</oadrPoll>".encode(),
        message_type="oadrPoll",
        subjects=subjects or ("ven-1",),
        verdict="conforms",
        report=json.dumps({"n": n}),
        shapes="0.1.0",
        **more,
    )


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A closed store directory with ROWS rows of three subjects, for tests that damage copies of it."""
    path = tmp_path_factory.mktemp("filled") / "store"
    made = Journal(path)
    made.append_many(entry(n, f"ven-{n % 3}") for n in range(ROWS))
    made.close()
    return path


@pytest.fixture
def copy(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "copy")


def test_journal_gives_back_what_was_recorded_after_it_was_opened_again(tmp_path):
    """A row keeps bytes, report, verdict, direction, time and versions."""
    when = datetime(2026, 11, 3, 12, 0, 0, 250000, tzinfo=UTC)
    first = Journal(tmp_path / "store")
    assert first.append_many([entry(1, received=when, direction="out"), entry(2, "ven-2", "ven-3")]) == [1, 2]
    first.close()
    second = Journal(tmp_path / "store")
    rows = list(second.rows())
    assert [row.seq for row in rows] == [1, 2]
    assert rows[0].received == "2026-11-03T12:00:00.250000Z"
    assert (rows[0].direction, rows[1].direction) == ("out", "in")
    assert (rows[0].tenant, rows[0].message_type, rows[0].verdict) == ("default", "oadrPoll", "conforms")
    assert second.open(rows[0]) == (entry(1).payload, '{"n": 1}')
    assert second.payload(2) == entry(2, "ven-2", "ven-3").payload
    assert [row.seq for row in second.rows(after=1)] == [2]
    assert second.append(entry(3)) == 3
    assert second.verify().seq == 3
    second.close()


def test_journal_names_its_last_row_when_a_row_does_not_exist(journal):
    """Asking for a row that is not there says which one is the last."""
    journal.append(entry(1))
    with pytest.raises(UsageError, match=r"no row 2.*last row is 1"):
        journal.payload(2)


def test_journal_goes_through_more_rows_than_one_page(journal):
    """Paging loses and doubles nothing."""
    journal.append_many(entry(n) for n in range(700))
    assert [row.seq for row in journal.rows()] == list(range(1, 701))


def test_journal_records_all_of_a_batch_or_nothing(journal):
    """A batch with an entry that cannot be recorded leaves no row."""
    with pytest.raises(UsageError, match="no zone"):
        journal.append_many([entry(1), entry(2, received=datetime(2026, 1, 1))])
    with pytest.raises(UsageError, match="no subject"):
        journal.append_many([entry(1), Entry(b"", "oadrPoll", (), "conforms", "{}", "1")])
    assert list(journal.rows()) == []
    assert journal.append(entry(3)) == 1


def test_journal_holds_ciphertext_only(filled):
    """Neither payload, report nor subject can be read in the journal's files."""
    for path in filled.iterdir():
        if path.is_file() and not path.name.startswith("keys"):
            raw = path.read_bytes()
            for text in (b"oadrPoll>", b"ven-", b'"n"'):
                assert text not in raw, path


def test_keys_file_is_private(filled, copy):
    """The key file has mode 0600, and one that others may read is refused."""
    assert stat.S_IMODE((filled / "keys.sqlite").stat().st_mode) == 0o600
    (copy / "keys.sqlite").chmod(0o644)
    with pytest.raises(StoreUnavailable, match="others"):
        Journal(copy)


def test_journal_finds_the_same_bytes_of_the_same_subjects(journal):
    """The last row with these bytes is found; other subjects, other bytes are not."""
    journal.append_many([entry(1), entry(2), entry(1)])
    assert journal.find(entry(1).payload, ["ven-1"]) == (3, "conforms")
    assert journal.find(entry(1).payload, ["ven-2"]) is None
    assert journal.find(entry(9).payload, ["ven-1"]) is None


def test_journal_forgets_a_subject_whose_key_is_destroyed(journal, tmp_path):
    """Payloads of the subject, alone or with others, cannot be read or guessed again; the chain holds."""
    shared = entry(1, "ven-1", "ven-2")
    journal.append_many([shared, entry(2, "ven-1"), entry(3, "ven-2")])
    assert journal.payload(1) == shared.payload
    assert journal.keys.destroy("ven-2")
    assert not journal.keys.destroy("ven-2")
    assert [journal.payload(n) for n in (1, 2, 3)] == [None, entry(2, "ven-1").payload, None]
    assert journal.find(shared.payload, ["ven-1", "ven-2"]) is None
    assert b"ven-2" not in (tmp_path / "store" / "keys.sqlite").read_bytes()
    assert journal.verify().seq == 3


def test_journal_gives_a_returning_subject_a_new_pseudonym(journal):
    """After an erasure the same name is somebody new."""
    journal.append(entry(1))
    before = journal.keys.subjects(["ven-1"])[0]
    journal.keys.destroy("ven-1")
    after = journal.keys.subjects(["ven-1"])[0]
    assert before.pseudonym != after.pseudonym
    assert before.key != after.key


def test_journal_keeps_order_when_threads_append(journal):
    """Rows of several threads form one chain."""
    threads = [
        threading.Thread(target=lambda k=k: [journal.append(entry(n, f"ven-{k}")) for n in range(20)])
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.verify().seq == 80
    assert len({journal.payload(n) for n in range(1, 81)}) == 80


# What must be detected


def change(path, *statements):
    db = sqlite3.connect(path / "journal.sqlite")
    with db:
        for statement in statements:
            db.execute(*statement) if isinstance(statement, tuple) else db.execute(statement)
    db.close()


def examine(path):
    opened = Journal(path)
    try:
        opened.verify()
        return [opened.open(row) for row in opened.rows()]
    finally:
        opened.close()


def flipped(value, at):
    if isinstance(value, int):
        return value ^ 1
    raw = bytearray(value if isinstance(value, bytes) else value.encode())
    raw[at % len(raw)] ^= 1
    return bytes(raw) if isinstance(value, bytes) else raw.decode()


@pytest.mark.parametrize("column", Row._fields)
@pytest.mark.parametrize("seq", [1, 5, ROWS])
def test_journal_detects_a_flipped_bit_in_any_column(copy, column, seq):
    """Each column of a row is covered by the chain."""
    db = sqlite3.connect(copy / "journal.sqlite")
    value = db.execute(f"SELECT {column} FROM journal WHERE seq = ?", (seq,)).fetchone()[0]
    db.close()
    new = 99 if column == "seq" else flipped(value, 3)
    change(copy, (f"UPDATE journal SET {column} = ? WHERE seq = ?", (new, seq)))
    with pytest.raises(JournalCorrupt, match=r"row \d+"):
        examine(copy)


SWAP = [
    "UPDATE journal SET seq = -1 WHERE seq = 4",
    "UPDATE journal SET seq = 4 WHERE seq = 5",
    "UPDATE journal SET seq = 5 WHERE seq = -1",
]


@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM journal WHERE seq = 1"],
        ["DELETE FROM journal WHERE seq = 6"],
        [f"DELETE FROM journal WHERE seq = {ROWS}"],
        ["DELETE FROM journal WHERE seq > 3"],
        ["DELETE FROM journal"],
        SWAP,
        ["UPDATE meta SET value = 'other' WHERE name = 'id'"],
        ["DELETE FROM meta"],
        ["DROP TABLE journal"],
        ["DROP TABLE meta"],
    ],
)
def test_journal_detects_lost_and_swapped_rows(copy, statements):
    """A missing row, a cut tail, an emptied table and changed order are all named."""
    change(copy, *statements)
    with pytest.raises(JournalCorrupt):
        examine(copy)


def test_journal_detects_a_row_whose_hashes_were_made_anew(copy):
    """Whoever changes the last row and its hashes is found out by the sealed head."""
    db = sqlite3.connect(copy / "journal.sqlite")
    db.row_factory = sqlite3.Row
    row = Row(*db.execute("SELECT * FROM journal WHERE seq = ?", (ROWS,)).fetchone())
    db.close()
    forged = row._replace(verdict="violates", digest=digest(row.payload, row.report))
    forged = forged._replace(hash=row_hash(forged))
    change(
        copy,
        ("UPDATE journal SET verdict = ?, hash = ? WHERE seq = ?", (forged.verdict, forged.hash, ROWS)),
    )
    with pytest.raises(JournalCorrupt, match=f"row {ROWS} is not the one that was sealed"):
        examine(copy)


@pytest.mark.parametrize("name", ["journal.sqlite", "journal.head", "keys.sqlite"])
def test_journal_detects_a_lost_file(copy, name):
    """Journal, head and keys are one: none is made anew where the others are."""
    (copy / name).unlink()
    with pytest.raises(StoreError, match="missing"):
        examine(copy)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *((name, size) for name in ("journal.sqlite", "keys.sqlite") for size in (0, 100, 5000)),
        *(("journal.head", size) for size in (0, 100)),
    ],
)
def test_journal_detects_a_cut_file(copy, name, size):
    """A file that lost its end is refused."""
    assert (copy / name).stat().st_size > size
    os.truncate(copy / name, size)
    with pytest.raises(StoreError):
        examine(copy)


@pytest.mark.parametrize("name", ["journal.head", "keys.sqlite"])
def test_journal_detects_a_file_of_another_store(copy, name, tmp_path):
    """Head and keys of another journal do not fit."""
    other = Journal(tmp_path / "other")
    other.append_many(entry(n, "ven-1") for n in range(ROWS))
    other.close()
    shutil.copy(tmp_path / "other" / name, copy / name)
    with pytest.raises(JournalCorrupt, match="head"):
        examine(copy)


def test_journal_detects_an_older_copy_by_a_checkpoint(filled, tmp_path):
    """Journal, head and keys put back together to an earlier state are found out by what was handed out."""
    later = shutil.copytree(filled, tmp_path / "later")
    opened = Journal(later)
    opened.append(entry(99))
    handed_out = opened.head
    opened.close()
    back = Journal(filled)
    try:
        back.verify()
        with pytest.raises(JournalCorrupt, match=f"rows after row {ROWS} were cut off"):
            back.verify(against=handed_out)
    finally:
        back.close()


def passes(path):
    try:
        examine(path)
    except JournalCorrupt:
        return False
    return True


def tamper(path, chance):
    """Change, delete, swap or cut rows once, at random; say what was done."""
    seq = chance.randrange(1, ROWS + 1)
    kind = chance.choice(["flip", "delete", "reorder", "truncate"])
    db = sqlite3.connect(path / "journal.sqlite")
    with db:
        if kind == "flip":
            column = chance.choice(Row._fields[1:])
            value = db.execute(f"SELECT {column} FROM journal WHERE seq = ?", (seq,)).fetchone()[0]
            new = flipped(value, chance.randrange(1000))
            db.execute(f"UPDATE journal SET {column} = ? WHERE seq = ?", (new, seq))
        elif kind == "delete":
            db.execute("DELETE FROM journal WHERE seq = ?", (seq,))
        elif kind == "truncate":
            db.execute("DELETE FROM journal WHERE seq >= ?", (seq,))
        else:
            other = chance.choice([n for n in range(1, ROWS + 1) if n != seq])
            for old, new in ((seq, -1), (other, seq), (-1, other)):
                db.execute("UPDATE journal SET seq = ? WHERE seq = ?", (new, old))
    db.close()
    return kind, seq


def test_journal_detects_500_random_tamperings(filled, tmp_path):
    """Flipping, deleting, reordering and truncating are always detected."""
    chance = random.Random(20261103)
    path = tmp_path / "copy"
    for _ in range(500):
        shutil.copytree(filled, path)
        done = tamper(path, chance)
        assert not passes(path), done
        shutil.rmtree(path)


def test_journal_detects_a_flipped_byte_in_200_places_or_is_unharmed(filled, tmp_path):
    """A flipped byte anywhere in the files is an error of the store, or changes nothing that can be read."""
    chance = random.Random(20261104)
    whole = examine(shutil.copytree(filled, tmp_path / "whole"))
    path = tmp_path / "copy"
    found = 0
    for n in range(200):
        shutil.copytree(filled, path)
        name = ("journal.sqlite", "keys.sqlite", "journal.head", "flexkg.json")[n % 4]
        raw = bytearray((path / name).read_bytes())
        raw[chance.randrange(len(raw))] ^= chance.randrange(1, 256)
        (path / name).write_bytes(raw)
        try:
            assert examine(path) == whole
        except StoreError:
            found += 1
        shutil.rmtree(path)
    assert found > 50


# What must be refused with a reason


def test_journal_says_who_holds_the_store(journal, tmp_path):
    """A second opener, even of the same process, learns the process id and since when."""
    with pytest.raises(StoreUnavailable, match=rf"in use by process {os.getpid()} on .* since 2"):
        Journal(tmp_path / "store")


def test_journal_can_be_opened_after_a_failed_opening(copy):
    """An opening that fails gives the lock up."""
    keys = (copy / "keys.sqlite").rename(copy / "away")
    with pytest.raises(StoreUnavailable, match="key file is missing"):
        Journal(copy)
    keys.rename(copy / "keys.sqlite")
    examine(copy)


def test_journal_refuses_to_work_when_closed(journal):
    """A closed journal says so."""
    journal.close()
    journal.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        journal.append(entry(1))


@pytest.mark.parametrize("name", ["journal.sqlite", "keys.sqlite"])
def test_journal_refuses_files_of_a_newer_version(copy, name):
    """A newer format is not touched."""
    db = sqlite3.connect(copy / name)
    with db:
        db.execute("UPDATE meta SET value = 99 WHERE name = 'format_version'")
    db.close()
    with pytest.raises(StoreVersion, match="format 99"):
        Journal(copy)


def test_directory_of_a_newer_version_is_refused(copy):
    """The marker file's version is looked at before anything else."""
    (copy / "flexkg.json").write_text('{"format_version": 2, "tenant": "default"}')
    with pytest.raises(StoreVersion, match="format 2"):
        Journal(copy)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format_version": "1", "tenant": "default"}', "\x00"])
def test_directory_with_a_damaged_marker_is_refused(copy, text):
    """A marker file that does not say version and tenant is an error, not a new store."""
    (copy / "flexkg.json").write_text(text)
    with pytest.raises(StoreUnavailable, match="damaged"):
        Journal(copy)


def test_directory_with_other_things_in_it_is_left_alone(tmp_path):
    """No store is made among somebody's files, nor on a file."""
    (tmp_path / "letter.txt").write_text("dear")
    for path in (tmp_path, tmp_path / "letter.txt"):
        with pytest.raises(StoreUnavailable, match="no FlexKG store"):
            Journal(path)
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        Journal(tmp_path / "letter.txt" / "store")
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no place here that nobody may write to")
def test_directory_that_is_not_writable_is_refused():
    """Where no directory can be made, also by the superuser, the message names it."""
    with pytest.raises(StoreUnavailable, match=r"cannot be opened.*/proc/self/store"):
        Journal("/proc/self/store")


def test_journal_says_that_the_disk_is_full_and_loses_nothing(copy):
    """Nothing of the batch is recorded, what was recorded can be read, and room makes it work again."""
    limited = Journal(copy, max_bytes=(copy / "journal.sqlite").stat().st_size)
    with pytest.raises(StoreUnavailable, match="disk is full") as caught:
        limited.append_many(entry(random.Random(n).randbytes(3000).hex()) for n in range(20))
    assert caught.value.code == "store-full"
    assert limited.verify().seq == ROWS
    assert limited.payload(ROWS) is not None
    limited.close()
    roomy = Journal(copy)
    assert roomy.append(entry(1)) == ROWS + 1
    assert roomy.verify().seq == ROWS + 1
    roomy.close()


def test_unreadable_bytes_leave_digest_size_and_reason_only(journal, tmp_path):
    """Of bytes that are no message nothing is kept but what identifies them."""
    assert journal.unreadable.record(b"<!DOCTYPE secret>", "doctype")
    trace = journal.unreadable.traces()[0]
    assert (trace.size, trace.reason, len(trace.digest)) == (17, "doctype", 64)
    journal.close()
    assert b"secret" not in (tmp_path / "store" / "journal.sqlite").read_bytes()


def test_unreadable_bytes_are_only_counted_when_there_are_many(tmp_path):
    """A flood leaves a bounded number of traces a minute, and the number of the others."""
    store = tmp_path / "store"
    opened = Journal(store)
    start = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
    kept = [
        opened.unreadable.record(b"x", "not-xml", received=start + timedelta(seconds=n / 10))
        for n in range(1200)
    ]
    assert sum(kept) == 2 * PER_MINUTE
    opened.close()
    again = Journal(store)
    assert not again.unreadable.record(b"x", "not-xml", received=start + timedelta(seconds=90))
    assert len(again.unreadable.traces()) == 2 * PER_MINUTE
    assert again.unreadable.suppressed() == 1200 - 2 * PER_MINUTE + 1
    again.close()


def _hold_and_die(path, ready):
    opened = Journal(path)
    opened.append(entry(1))
    ready.send(True)
    os.kill(os.getpid(), 9)


def test_lock_of_a_killed_process_does_not_stay(tmp_path):
    """After kill -9 the store opens, with what was acknowledged."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_hold_and_die, args=(tmp_path / "store", there)
    )
    process.start()
    assert here.recv()
    process.join()
    opened = Journal(tmp_path / "store")
    assert opened.verify().seq == 1
    opened.close()
