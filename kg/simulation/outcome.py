"""Where a portfolio goes: into a folder as payloads, or into a store."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from kg.errors import UsageError
from kg.readings import ReadingStore
from kg.readings.orders import Order
from kg.simulation import messages
from kg.simulation.portfolio import START, Portfolio

_DAY = timedelta(days=1)


class Taker(Protocol):
    """What takes a portfolio in: ``kg.ingest.Ingest``."""

    readings: ReadingStore

    def ingest_many(self, payloads: Iterable[tuple[str, bytes]]) -> Iterator[Any]:
        """Take payloads in."""

    def order(self, orders: Sequence[Order]) -> int:
        """Do what is ordered of the readings."""


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


def fill(portfolio: Portfolio, store: Taker) -> tuple[int, int]:
    """Put a portfolio into a store: registrations, events and answers as payloads, readings as orders.

    The journal says of each VEN that its readings are made up and how, so that a rebuild makes them again.

    Returns:
        How many payloads and how many readings were put in.

    Raises:
        kg.errors.StoreUnavailable: the store cannot be written.
    """
    number = sum(1 for _ in store.ingest_many(payloads(portfolio, reports=False)))
    before = store.readings.count()
    said = (portfolio.vens, portfolio.days, round(portfolio.interval.total_seconds()), portfolio.seed)
    store.order([Order("simulate", ven=ven, portfolio=said) for ven in portfolio.names])
    store.readings.flush()
    return number, store.readings.count() - before
