"""Selected readings as JSON, CSV, Arrow, Parquet or a DataFrame: unit and direction with each value."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from kg.errors import UsageError
from kg.graphs import GraphStore
from kg.namespaces import FLEX, ID
from kg.readings import ReadingStore
from kg.readings.selecting import Row, Selection, select
from kg.units import plain

FIELDS = ("resource", "series", "start", "end", "value", "unit", "property", "direction", "quality", "number")
#: Further fields of rows in buckets.
BUCKET_FIELDS = ("total", "least", "most")


def directions(graphs: GraphStore) -> dict[str, str]:
    """Give which way a positive number of each series flows, by its IRI: ``import``, ``export``, ..."""
    named = graphs.match(None, f"<{FLEX}binding>", None)  # a data point may have the binding of its series
    bindings = {s.object: s.subject for s in named if s.subject.startswith(f"<{ID}series/")}
    found = {}
    for statement in graphs.match(None, f"<{FLEX}flowDirection>", None):
        series = bindings.get(statement.subject)
        if series is not None:
            found[series[1:-1]] = statement.object[1:-1].rpartition("/")[2]
    return found


def records(rows: Iterable[Row], ways: Mapping[str, str], *, buckets: bool) -> Iterator[dict[str, Any]]:
    """Give rows as plain records: times as text in UTC, numbers exact, IRIs in full."""
    for row in rows:
        record: dict[str, Any] = {
            "resource": row.resource,
            "series": row.series,
            "start": _time(row.start),
            "end": None if row.end is None else _time(row.end),
            "value": row.value,
            "unit": row.unit,
            "property": row.property,
            "direction": ways.get(row.series),
            "quality": row.quality,
            "number": row.number,
        }
        if buckets:
            record.update(total=row.total, least=row.least, most=row.most)
        yield record


@dataclass(frozen=True, slots=True)
class Table:
    """Selected readings.

    Attributes:
        rows: one for each reading or bucket.
        ways: which way a positive number of each series flows.
        buckets: whether the rows are buckets.
    """

    rows: Sequence[Row]
    ways: Mapping[str, str]
    buckets: bool

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the columns."""
        return (*FIELDS, *(BUCKET_FIELDS if self.buckets else ()))

    def records(self) -> Iterator[dict[str, Any]]:
        """Give the rows as plain records."""
        return records(self.rows, self.ways, buckets=self.buckets)

    def json(self) -> str:
        """Write a JSON array; numbers keep all of their digits."""
        lines = (
            "{" + ", ".join(f"{json.dumps(name)}: {_json(value)}" for name, value in record.items()) + "}"
            for record in self.records()
        )
        return "[\n" + ",\n".join(lines) + "\n]\n"

    def csv(self) -> str:
        """Write CSV with a head."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.fields)
        for record in self.records():
            writer.writerow(["" if value is None else _text(value) for value in record.values()])
        return text.getvalue()

    def arrow(self) -> Any:
        """Make a ``pyarrow.Table``: times in UTC, numbers as doubles.

        Raises:
            kg.errors.UsageError: pyarrow is not installed.
        """
        pa = _arrow()
        columns: dict[str, list[Any]] = {name: [] for name in self.fields}
        for record in self.records():
            for name, value in record.items():
                columns[name].append(float(value) if isinstance(value, Decimal) else value)
        types = {"number": pa.int64(), **dict.fromkeys(("value", *BUCKET_FIELDS), pa.float64())}
        made = {name: pa.array(values, types.get(name, pa.string())) for name, values in columns.items()}
        for name in ("start", "end"):
            made[name] = made[name].cast(pa.timestamp("us", tz="UTC"))
        return pa.table(made)

    def stream(self) -> bytes:
        """Write an Arrow IPC stream."""
        table, sink = self.arrow(), io.BytesIO()
        with _arrow().ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue()

    def parquet(self, path: Path) -> None:
        """Write a Parquet file, wholly or not at all; each page has a checksum.

        Raises:
            kg.errors.UsageError: the file cannot be written, or pyarrow is not installed.
        """
        table = self.arrow()
        from pyarrow import parquet

        part = path.with_name(f"{path.name}.part")
        try:
            try:
                parquet.write_table(table, part, write_page_checksum=True)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(
                f"the file cannot be written: {error}", where=str(path), cure="name another one"
            ) from error

    def frame(self) -> Any:
        """Make a ``pandas.DataFrame``; needs pandas beside pyarrow."""
        try:
            return self.arrow().to_pandas()
        except ImportError as error:
            raise UsageError(
                "a DataFrame needs pandas", cure="install it with: pip install pandas", code="no-pandas"
            ) from error


def table(store: ReadingStore, graphs: GraphStore, selection: Selection) -> Table:
    """Select readings, with the direction of each.

    Raises:
        kg.errors.UsageError: what was known at a time is asked of readings in the graph.
    """
    return Table(list(select(store, selection)), directions(graphs), selection.bucket is not None)


def _arrow() -> Any:
    try:
        import pyarrow as pa
        import pyarrow.ipc
    except ImportError as error:
        raise UsageError(
            "Arrow, Parquet and DataFrames need pyarrow",
            cure="install it with: pip install 'flexkg[arrow]'",
            code="no-arrow",
        ) from error
    return pa


def _time(time: Any) -> str:
    return str(time.isoformat()).replace("+00:00", "Z")


def _json(value: Any) -> str:
    return plain(value) if isinstance(value, Decimal) else json.dumps(value)


def _text(value: Any) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)
