"""What the VENs of a portfolio measured, as batches of readings for a store."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from kg.literals import segment
from kg.namespaces import ID, QUANTITYKIND, UNIT, VOCAB
from kg.readings import ReadingStore
from kg.readings.column_batch import Batch, Payload, micros
from kg.simulation import messages
from kg.simulation.portfolio import START, Portfolio

#: VENs whose readings of a day go into the store together.
_TOGETHER = 400
_DAY = timedelta(days=1)


def simulate(
    portfolio: tuple[int, int, int, int], vens: Sequence[tuple[str, int]], readings: ReadingStore
) -> None:
    """Put what VENs of a portfolio measured into a store, day by day; the same again changes nothing.

    Args:
        portfolio: how many VENs and days, seconds of an interval, what chance starts from.
        vens: the VENs, each with the row of the journal that says so.
        readings: the store.

    Raises:
        kg.errors.StoreUnavailable: it cannot be written.
    """
    number, days, seconds, seed = portfolio
    made = Portfolio(number, days, timedelta(seconds=seconds), seed)
    for day in range(days):
        for at in range(0, len(vens), _TOGETHER):
            readings.append_batch(_batch(made, vens[at : at + _TOGETHER], day))


def series(ven: str, resource: str) -> str:
    """Give the IRI of the series of a resource's power."""
    return f"{ID}series/{segment(ven)}/{messages.SPECIFIER}/{segment(resource)}"


def _batch(portfolio: Portfolio, vens: Sequence[tuple[str, int]], day: int) -> Batch:
    """Put what some VENs measured in a day into columns, in the order of time."""
    batch = Batch()
    received = micros(START + (day + 1) * _DAY)
    length = portfolio.interval // timedelta(microseconds=1)
    rows = []
    for number, (ven, seq) in enumerate(vens):
        digest = hashlib.sha256(f"simulated/{portfolio.seed}/{ven}/{day}".encode()).hexdigest()
        batch.payloads.append(Payload(digest, seq, received))
        named = {name: series(ven, name) for name in portfolio.resources(ven)}
        for name, iri in named.items():
            batch.constants[iri] = (
                f"{ID}resource/{ven}/{ven}-{name}",
                QUANTITYKIND + "ActivePower",
                UNIT + "KiloW",
            )
        rows += [
            (at, number, named[name], watts, quality) for name, at, watts, quality in portfolio.day(ven, day)
        ]
    rows.sort(key=lambda row: row[0])
    qualities = {name: f"{VOCAB}dataQuality/{segment(name)}" for name in {row[4] for row in rows}}
    batch.starts = [row[0] for row in rows]
    batch.payload = [row[1] for row in rows]
    batch.series = [row[2] for row in rows]
    batch.value = [Decimal(row[3]).scaleb(-3) for row in rows]
    batch.quality = [qualities[row[4]] for row in rows]
    batch.length = [length] * len(rows)
    batch.confidence = [None] * len(rows)
    batch.accuracy = [None] * len(rows)
    return batch
