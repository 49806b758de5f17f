"""Windows, buckets, gaps, history: the same rows from either back end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pyarrow import ArrowException, parquet

from kg.errors import UsageError
from kg.graphs.embedded import EmbeddedGraphs
from kg.namespaces import ID, QUANTITYKIND
from kg.readings.columns import ColumnReadings
from kg.readings.forms import Table
from kg.readings.gaps import gaps
from kg.readings.graph import GraphReadings
from kg.readings.selecting import Selection, select
from tests.readings_world import QUARTER, START, readings
from tests.test_reading_store import NOON, A, B, reading


@pytest.fixture(scope="module")
def both():
    odd = {"series": f"{ID}series/ven-9/odd/x", "payload": "c", "seq": 9}
    numbers = {
        1: "0.00000012345",
        9: "1234567890123.456",
        20: "123456789.123",
        21: "123456789.124",
        30: "1e30",
    }
    made = [*readings(40), *(reading(at, value, **odd) for at, value in numbers.items())]
    triples, columns = GraphReadings(EmbeddedGraphs()), ColumnReadings()
    for store in (triples, columns):
        store.append(made)
    return triples, columns


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(START + 2 * QUARTER, START + 9 * QUARTER),
        Selection(bucket=timedelta(hours=1)),
        Selection(bucket=timedelta(days=1), resources=("pump",)),
        Selection(resources=(f"{ID}resource/ven-2/charger",), property=QUANTITYKIND + "ActiveEnergy"),
        Selection(series=(f"{ID}series/ven-1/usage/pv",), bucket=timedelta(minutes=50), limit=3),
        Selection(resources=("nothing",)),
        Selection(limit=0),
    ],
)
def test_selection_is_the_same_from_either_back_end(both, selection):
    """Readings and buckets, with all that is known of them."""
    triples, columns = (list(select(store, selection)) for store in both)
    assert columns == triples
    assert triples or selection.limit == 0 or selection.resources == ("nothing",)


@pytest.mark.parametrize("hours", [(0, 8), (1, 3), (-5, 40)])
def test_gaps_are_the_same_from_either_back_end(both, hours):
    """Before, between and behind readings."""
    window = [START + timedelta(hours=hour) for hour in hours]
    triples, columns = (list(gaps(store, *window)) for store in both)
    assert columns == triples
    assert triples


def test_gaps_are_what_is_missing():
    """Two readings of an hour: what lies before, between and behind them."""
    store = ColumnReadings()
    store.append([reading(1), reading(3)])
    assert [(gap.start - NOON, gap.end - NOON) for gap in gaps(store, NOON, NOON + 6 * QUARTER)] == [
        (0 * QUARTER, QUARTER),
        (2 * QUARTER, 3 * QUARTER),
        (4 * QUARTER, 6 * QUARTER),
    ]


def test_what_was_known_at_a_time_is_told():
    """A correction replaces from its receipt on; a withdrawal hides; the earlier state can be asked for."""
    store = ColumnReadings()
    hour = timedelta(hours=1)
    store.append([reading(0, "1"), reading(1, "5")])
    store.append([replace(reading(0, "2", payload="b", seq=2), received=NOON + 5 * hour)])
    assert store.withdraw(A, NOON, NOON + QUARTER, at=NOON + 9 * hour) == 1

    def known(hours):
        return [row.value for row in select(store, Selection(known_at=NOON + hours * hour))]

    assert [known(hours) for hours in (0, 1, 4, 5, 8, 9, 50)] == [
        [],
        [1, 5],
        [1, 5],
        [2, 5],
        [2, 5],
        [5],
        [5],
    ]
    assert [row.value for row in select(store, Selection())] == [5]


@pytest.mark.parametrize("back_end", [lambda: GraphReadings(EmbeddedGraphs()), ColumnReadings])
def test_withdrawing_takes_out_of_view_what_is_meant(back_end):
    """One series, one window; doing it again finds nothing."""
    store = back_end()
    store.append([reading(n, series=series) for n in range(4) for series in (A, B)])
    window = (NOON + QUARTER, NOON + 3 * QUARTER)
    assert store.withdraw(A, *window, at=datetime(2026, 12, 1, tzinfo=UTC)) == 2
    assert store.withdraw(A, *window, at=datetime(2026, 12, 1, tzinfo=UTC)) == 0
    assert (store.count(A), store.count(B)) == (2, 4)


def test_graph_does_not_know_what_was_known():
    """It says so, and what to do."""
    store = GraphReadings(EmbeddedGraphs())
    with pytest.raises(UsageError, match="readings move"):
        list(select(store, Selection(known_at=NOON)))


@pytest.mark.parametrize("back_end", [lambda: GraphReadings(EmbeddedGraphs()), ColumnReadings])
def test_retention_removes_what_started_before(back_end):
    """Of all series; the rest stays, and what is gone does not come back."""
    store = back_end()
    store.append([reading(n, series=series) for n in range(4) for series in (A, B)])
    assert store.retain(NOON + 2 * QUARTER) == 4
    assert store.retain(NOON + 2 * QUARTER) == 0
    assert store.count() == 4
    assert store.append([reading(0)]) == 0


def test_compacting_changes_no_answer():
    """Rows in the order of time give the same scan."""
    store = ColumnReadings()
    store.append([reading(n, str(n), series=series) for n in (3, 1, 2) for series in (B, A)])
    before = list(store.scan())
    store.compact()
    assert list(store.scan()) == before
    assert store.append([reading(0, "9", payload="b", seq=2)]) == 1


@pytest.mark.parametrize("wrong", [{"start": datetime(2026, 1, 1)}, {"bucket": timedelta()}])
def test_selection_that_means_nothing_is_refused(wrong):
    """A time without zone, a bucket without length."""
    with pytest.raises(UsageError):
        Selection(**wrong)


def test_mean_loses_no_digit_that_its_readings_have(both):
    """Of a register of many digits, one in a bucket or several, in either back end."""
    for store in both:
        rows = list(select(store, Selection(series=(f"{ID}series/ven-9/odd/x",), bucket=timedelta(hours=1))))
        assert [str(row.value.normalize()) for row in rows[1:3]] == ["1234567890123.456", "123456789.1235"]


def test_exact_values_survive_buckets():
    """A sum over numbers of all three kinds of columns."""
    store = ColumnReadings()
    store.append([reading(n, value) for n, value in enumerate(("1.5", "0.000001", "0.0000000001"))])
    [row] = select(store, Selection(bucket=timedelta(hours=1)))
    assert (row.total, row.number, row.least) == (Decimal("1.5000010001"), 3, Decimal("0.0000000001"))


def test_damaged_parquet_file_is_told_from_a_whole_one(both, tmp_path):
    """Whatever byte of its pages is another one: an error, or the same values, for who verifies checksums."""
    path, damaged = tmp_path / "readings.parquet", tmp_path / "damaged.parquet"
    Table(list(select(both[1], Selection())), {}, buckets=False).parquet(path)
    data = path.read_bytes()
    pages = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    whole, told = parquet.read_table(path, page_checksum_verification=True), 0
    assert whole.num_rows > 100
    for at in range(4, pages, pages // 200):
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        try:
            assert parquet.read_table(damaged, page_checksum_verification=True).equals(whole), at
        except (OSError, ArrowException, ValueError):
            told += 1
    assert told > 150
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["damaged.parquet", "readings.parquet"]


def test_parquet_file_that_cannot_be_written_leaves_nothing(both, tmp_path):
    """Neither half of a new one, nor an old one that is broken."""
    with pytest.raises(UsageError, match="cannot be written"):
        Table([], {}, buckets=False).parquet(tmp_path / "none" / "readings.parquet")
    (tmp_path / "readings.parquet").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        Table([], {}, buckets=False).parquet(tmp_path / "readings.parquet")
    assert [file.name for file in tmp_path.iterdir()] == ["readings.parquet"]


#: Around the beginning of the count of time, of calendars that servers know, and in a leap year of each.
FAR = [
    replace(reading(0, str(n + 1), payload="f", seq=7), starts_at=time, ends_at=time + QUARTER)
    for n, time in enumerate(
        datetime(*parts, tzinfo=UTC)
        for parts in (
            *((1, 3, 1), (1850, 2, 28, 23, 59), (1899, 12, 31, 23), (1900, 1, 1), (1969, 12, 31, 23, 59, 59)),
            *((1970, 1, 1, 0, 10), (2299, 12, 31, 23, 59), (2400, 2, 29, 1), (9998, 12, 31, 5)),
        )
    )
]


@pytest.mark.parametrize("bucket", [timedelta(hours=1), timedelta(days=1), timedelta(minutes=50)])
def test_buckets_begin_before_their_readings_in_all_years(bucket):
    """Before 1970 too, where whole divisions of SQL go the other way."""
    stores = GraphReadings(EmbeddedGraphs()), ColumnReadings()
    for store in stores:
        store.append(FAR)
    plain, fast = ([*select(store, Selection(bucket=bucket))] for store in stores)
    assert fast == plain
    assert all(row.start <= one.starts_at < row.end for row, one in zip(fast, FAR, strict=True))
