"""Rows of readings in columns as a table has them: how they are selected, and read back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from kg.readings import Reading
from kg.readings.column_batch import micros
from kg.readings.tables import COLUMNS
from kg.units import plain

_ALL = ", ".join(COLUMNS)
SCAN = """SELECT n.iri, epoch_us(r.starts), r.length, r.milli, r.micro, r.exact, q.iri, r.confidence,
 r.accuracy, b.digest, b.seq, epoch_us(b.received), n.resource, n.property, n.unit
 FROM {rows} r JOIN names n ON n.id = r.series JOIN batches b ON b.id = r.batch
 LEFT JOIN qualities q ON q.id = r.quality WHERE {where} ORDER BY n.iri, r.starts"""
#: What was known at a time: of all versions that had come, the last of each series and start.
KNOWN = f"""(SELECT * EXCLUDE (place) FROM (SELECT v.*, row_number() OVER
 (PARTITION BY v.series, v.starts ORDER BY w.seq DESC, v.batch DESC) AS place
 FROM (SELECT {_ALL}, TIMESTAMP 'infinity' AS until FROM current UNION ALL SELECT {_ALL}, until FROM former) v
 JOIN batches w ON w.id = v.batch WHERE w.received <= make_timestamp(?) AND v.until > make_timestamp(?))
 WHERE place = 1)"""
#: SQL type of each column as it is handed over, times as microseconds.
_TYPES = ("INTEGER", *["BIGINT"] * 4, "VARCHAR", "INTEGER", "INTEGER", "VARCHAR", "INTEGER")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def window(series: str | None, start: datetime | None, end: datetime | None) -> tuple[str, list[Any]]:
    """Write the condition of a scan, and its values."""
    parts: list[str] = []
    values: list[Any] = []
    if series is not None:
        parts.append("n.iri = ?")
        values.append(series)
    for sign, time in ((">=", start), ("<", end)):
        if time is not None:
            parts.append(f"r.starts {sign} make_timestamp(?)")
            values.append(micros(time))
    return " AND ".join(parts) or "true", values


def handed(columns: Sequence[list[Any]]) -> tuple[str, list[Any]]:
    """Write a SELECT of rows that are handed over in columns, and its values; empty columns are left out.

    Args:
        columns: in the order of the table's, times as microseconds.
    """
    parts, values = [], list[Any]()
    for name, kind, column in zip(COLUMNS, _TYPES, columns, strict=True):
        if any(value is not None for value in column):
            text = f"unnest(?::{kind}[])"
            values.append(column)
        else:
            text = f"NULL::{kind}"
        parts.append(f"{f'make_timestamp({text})' if name == 'starts' else text} AS {name}")
    return f"SELECT {', '.join(parts)}", values


def exact(milli: int | None, micro: int | None, text: str | None) -> Decimal:
    """Read a value from the three columns that it may be in.

    >>> exact(1500, None, None), exact(None, 1234567, None)
    (Decimal('1.5'), Decimal('1.234567'))
    """
    if milli is not None:
        return Decimal(plain(Decimal(milli).scaleb(-3)))
    if micro is not None:
        return Decimal(plain(Decimal(micro).scaleb(-6)))
    return Decimal(text or "0")


def reading_of(row: tuple[Any, ...]) -> Reading:
    """Read one row of the scan."""
    iri, starts, length, milli, micro, text, quality, confidence, accuracy, digest, seq, received = row[:12]
    return Reading(
        series=iri,
        starts_at=_EPOCH + timedelta(microseconds=starts),
        value=exact(milli, micro, text),
        digest=digest,
        seq=seq,
        received=_EPOCH + timedelta(microseconds=received),
        ends_at=None if length is None else _EPOCH + timedelta(microseconds=starts + length),
        resource=row[12],
        property=row[13],
        unit=row[14],
        quality=quality,
        confidence=confidence,
        accuracy=None if accuracy is None else Decimal(accuracy),
    )
