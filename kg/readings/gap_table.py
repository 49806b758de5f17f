"""Gaps as JSON or CSV."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from kg.errors import UsageError
from kg.graphs import GraphStore
from kg.readings import ReadingStore
from kg.readings.gaps import Gap, gaps_of
from kg.readings.selecting import Selection

FIELDS = ("resource", "series", "start", "end", "hours")


@dataclass(frozen=True, slots=True)
class GapTable:
    """Gaps, to be written.

    Attributes:
        rows: the gaps.
    """

    rows: Sequence[Gap]

    def records(self) -> Iterator[dict[str, Any]]:
        """Give the rows as plain records: times as text in UTC, length in hours."""
        for gap in self.rows:
            told = (gap.resource, gap.series, _time(gap.start), _time(gap.end), gap.hours)
            yield dict(zip(FIELDS, told, strict=True))

    def json(self) -> str:
        """Write a JSON array, a line for each gap."""
        return "[\n" + ",\n".join(map(json.dumps, self.records())) + "\n]\n"

    def csv(self) -> str:
        """Write CSV with a head."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(FIELDS)
        for record in self.records():
            writer.writerow([record["resource"] or "", *[*record.values()][1:-1], f"{record['hours']:g}"])
        return text.getvalue()


def gap_table(store: ReadingStore, graphs: GraphStore, selection: Selection) -> GapTable:
    """Find the gaps of the series of a selection within its window, as many as it takes at most.

    Raises:
        UsageError: the window is not told, or empty.
    """
    if selection.start is None or selection.end is None:
        raise UsageError("gaps need a window", where="from, to", cure="say where it begins and ends")
    found = gaps_of(
        store,
        graphs,
        selection.start,
        selection.end,
        selection.resources,
        series=selection.series,
        of=selection.property,
        parties=selection.parties,
    )
    return GapTable(list(islice(found, selection.limit)))


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
