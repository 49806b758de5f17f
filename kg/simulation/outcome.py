"""Where a portfolio goes: into a folder as payloads, or into a store."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from kg.errors import UsageError
from kg.ingest import Ingest
from kg.literals import segment
from kg.namespaces import ID, QUANTITYKIND, UNIT, VOCAB
from kg.readings import Reading
from kg.readings.clickhouse.store import ClickHouseReadings
from kg.readings.column_batch import Batch, Payload, micros
from kg.readings.columns import ColumnReadings
from kg.simulation import messages
from kg.simulation.portfolio import START, Portfolio

#: VENs whose readings of a day go into the store together.
_TOGETHER = 400
_DAY = timedelta(days=1)


def payloads(portfolio: Portfolio, *, reports: bool = True) -> Iterator[tuple[str, bytes]]:
    """Give the payloads of a portfolio in the order of time, each with a name that sorts so.

    Args:
        portfolio: who, and how long.
        reports: whether reports of readings are among them.
    """
    for ven in portfolio.names:
        created = START - _DAY
        points = portfolio.resources(ven)
        yield f"0000-register-{ven}.xml", messages.registration(ven, points, portfolio.interval, created)
    for day in range(portfolio.days):
        event = portfolio.event(day)
        if event is not None:
            yield f"{day + 1:04}-a-event-{event.name}.xml", messages.distribution(event, portfolio.names)
            for ven in portfolio.names:
                opt = messages.answer(ven, event, portfolio.takes_part(ven, event))
                yield f"{day + 1:04}-b-answer-{ven}.xml", opt
        if not reports:
            continue
        for ven in portfolio.names:
            samples = list(portfolio.day(ven, day))
            name, created = f"R-{ven}-{day + 1:04}", START + (day + 1) * _DAY
            made = messages.report(ven, samples, portfolio.interval, created, name)
            yield f"{day + 1:04}-c-report-{ven}.xml", made


def write(portfolio: Portfolio, folder: Path) -> int:
    """Write the payloads of a portfolio into a folder; gives their number.

    Raises:
        kg.errors.UsageError: the folder has something in it, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError("the folder is not empty", where=str(folder), cure="name a new one")
        number = 0
        for name, data in payloads(portfolio):
            (folder / name).write_bytes(data)
            number += 1
    except OSError as error:
        raise UsageError(
            f"the folder cannot be written: {error.strerror}", where=str(folder), cure="name another one"
        ) from error
    return number


def fill(portfolio: Portfolio, store: Ingest) -> tuple[int, int]:
    """Put a portfolio into a store: registrations, events and answers as payloads, readings directly.

    The readings are not in the journal: a rebuild leaves them out.

    Returns:
        How many payloads and how many readings were put in.

    Raises:
        kg.errors.StoreUnavailable: the store cannot be written.
    """
    number = sum(1 for _ in store.ingest_many(payloads(portfolio, reports=False)))
    readings = 0
    names = portfolio.names
    for day in range(portfolio.days):
        for at in range(0, len(names), _TOGETHER):
            batch = _batch(portfolio, names[at : at + _TOGETHER], day)
            if isinstance(store.readings, ColumnReadings | ClickHouseReadings):
                readings += store.readings.append_batch(batch)
            else:
                readings += store.readings.append(list(_readings(batch)))
    store.readings.flush()
    return number, readings


def series(ven: str, resource: str) -> str:
    """Give the IRI of the series of a resource's power."""
    return f"{ID}series/{segment(ven)}/{messages.SPECIFIER}/{segment(resource)}"


def _batch(portfolio: Portfolio, vens: list[str], day: int) -> Batch:
    """Put what some VENs measured in a day into columns, in the order of time."""
    batch = Batch()
    received = micros(START + (day + 1) * _DAY)
    length = portfolio.interval // timedelta(microseconds=1)
    rows = []
    for number, ven in enumerate(vens):
        digest = hashlib.sha256(f"simulated/{portfolio.seed}/{ven}/{day}".encode()).hexdigest()
        batch.payloads.append(Payload(digest, 1, received))
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


def _readings(batch: Batch) -> Iterator[Reading]:
    """Give the rows of a batch one by one."""
    epoch = START - timedelta(microseconds=micros(START))
    for row, number in enumerate(batch.payload):
        payload = batch.payloads[number]
        start = epoch + timedelta(microseconds=batch.starts[row])
        resource, prop, unit = batch.constants[batch.series[row]]
        yield Reading(
            series=batch.series[row],
            starts_at=start,
            ends_at=start + timedelta(microseconds=batch.length[row] or 0),
            value=batch.value[row],
            digest=payload.digest,
            seq=payload.seq,
            received=epoch + timedelta(microseconds=payload.received),
            resource=resource,
            property=prop,
            unit=unit,
            quality=batch.quality[row],
        )
