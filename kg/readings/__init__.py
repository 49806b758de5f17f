"""ReadingStore: what every back end for the values of reports offers.

A reading is the value of one series over one span of time. A store shows one reading for each series and
start: where several payloads state one, that of the last journal row. The earlier ones stay in the journal.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from kg.errors import UsageError
from kg.literals import segment
from kg.namespaces import ID

if TYPE_CHECKING:
    from kg.readings.column_batch import Batch


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a series.

    Args:
        series: IRI of the series.
        starts_at: start of the span, with zone; kept in UTC, to the microsecond.
        value: the number, in the series' unit; finite.
        digest: SHA-256 of the payload that states it, hexadecimal.
        seq: the journal row of that payload.
        received: when the payload was received, with zone.
        ends_at: end of the span; None where only an instant is known.
        resource: IRI of the resource that was observed.
        property: IRI of the property that was observed, for example a QUDT quantity kind.
        unit: IRI of the unit of the value.
        quality: IRI of the concept that says how good it is.
        confidence: per cent, 0 to 100.
        accuracy: in the unit of the value.

    Raises:
        kg.errors.UsageError: a time has no zone, the span ends before it starts, or the value is no number.
    """

    series: str
    starts_at: datetime
    value: Decimal
    digest: str
    seq: int
    received: datetime
    ends_at: datetime | None = None
    resource: str | None = None
    property: str | None = None
    unit: str | None = None
    quality: str | None = None
    confidence: int | None = None
    accuracy: Decimal | None = None

    def __post_init__(self) -> None:
        for name in ("starts_at", "ends_at", "received"):
            time = getattr(self, name)
            if time is None or time.tzinfo is UTC:
                continue
            if time.tzinfo is None:
                raise UsageError(f"the reading's {name} has no zone", where=self.series, cure="add the zone")
            object.__setattr__(self, name, time.astimezone(UTC))
        if self.ends_at is not None and self.ends_at < self.starts_at:
            raise UsageError("the reading ends before it starts", where=self.series, cure="swap the times")
        if not self.value.is_finite() or (self.accuracy is not None and not self.accuracy.is_finite()):
            raise UsageError("the reading's value is no number", where=self.series, cure="leave it out")


@dataclass(frozen=True, slots=True)
class Constants:
    """What is the same for all readings of a series.

    Args:
        resource: IRI of the resource that is observed.
        property: IRI of the property that is observed, for example a QUDT quantity kind.
        unit: IRI of the unit of the values in the store.
        conversion: what values that come in are multiplied with to be in that unit; None where that cannot be
            done exactly, so that they are no values of the series.
    """

    resource: str | None = None
    property: str | None = None
    unit: str | None = None
    conversion: Decimal | None = Decimal(1)


class View(Protocol):
    """What columns hold at one moment: tables ``current``, ``names``, ``batches`` and ``qualities``.

    Attributes:
        joins: whether a statement may join lists that are handed to it.
        writes: whether a statement may write texts, as DuckDB has it.
        hours: whether there is a table ``hours``, the hourly roll-up.
    """

    joins: bool
    writes: bool
    hours: bool

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and give its rows."""


class ReadingStore(Protocol):
    """A store of readings. Every method may be called from several threads."""

    def append(self, readings: Sequence[Reading]) -> int:
        """Add the readings of whole payloads, those of each payload wholly or not at all.

        A payload whose digest is known is passed over, so that a batch may be repeated. Of several readings
        of one series and start the one of the highest journal row stays, of one row the last.

        Returns:
            How many readings became visible, corrections included.

        Raises:
            kg.errors.StoreUnavailable: the store cannot be written.
        """

    def append_batch(self, batch: "Batch") -> int:
        """Add the readings of whole payloads that are in columns already; see ``append``."""

    def describe(self, series: Mapping[str, Constants]) -> None:
        """Let all readings of series show what is constant of them, whenever they came.

        Args:
            series: what is constant, by IRI of the series.

        Raises:
            kg.errors.StoreUnavailable: the store cannot be written.
        """

    def scan(
        self, series: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[Reading]:
        """Go through readings ordered by series and start.

        Args:
            series: IRI of one series; None for all.
            start: only those that start at or after it.
            end: only those that start before it.
        """

    def latest(self, series: str) -> Reading | None:
        """Give the reading of a series that starts last."""

    def count(
        self, series: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> int:
        """Count what ``scan`` would give."""

    def series(self) -> list[str]:
        """Give the IRIs of the series that have readings, sorted."""

    def erase(self, series: str) -> int:
        """Remove all readings of a series from view; gives their number.

        The payloads that state them stay in the journal until their keys are destroyed.
        """

    def withdraw(self, series: str, start: datetime, end: datetime, *, at: datetime) -> int:
        """Take readings of a series out of view that start in a window; gives their number.

        Args:
            series: IRI.
            start: of the window.
            end: of the window, which it does not belong to.
            at: when they were withdrawn: what was known before can still be asked for, where history is kept.
        """

    def retain(self, since: datetime) -> int:
        """Remove all readings that start before a time, with what they replaced; gives their number."""

    def view(self, parties: Collection[str] | None = None) -> "AbstractContextManager[View] | None":
        """Give one consistent view of columns; None where readings are triples of the graph.

        Args:
            parties: whose series are seen, those of nobody else; None: everybody's.
        """

    def reopen(self) -> None:
        """Open anew what a full disk has closed for writing."""

    def flush(self) -> None:
        """Put everything on disk."""

    def close(self) -> None:
        """Give back what the store holds open; closing twice does nothing."""


def series_of(party: str) -> str:
    """Give how the IRI of each series of a party begins.

    >>> series_of("VEN 1")
    'https://w3id.org/flexkg/id/series/VEN%201/'
    """
    return f"{ID}series/{segment(party)}/"
