"""Does to the readings of a store what was ordered of them."""

from collections.abc import Sequence
from datetime import datetime

from kg.readings import ReadingStore
from kg.readings.orders import Order, instant
from kg.simulation.batches import simulate


def perform(orders: Sequence[tuple[Order, int, datetime]], readings: ReadingStore) -> None:
    """Do to the readings what was ordered; the same again changes nothing more.

    Args:
        orders: with row of the journal and time of receipt, in their order.
        readings: the readings.

    Raises:
        kg.errors.StoreUnavailable: they cannot be written.
    """
    made_up: dict[tuple[int, int, int, int], list[tuple[str, int]]] = {}
    for order, seq, received in orders:
        if order.what == "simulate":
            made_up.setdefault(order.portfolio, []).append((order.ven, seq))
            continue
        _simulate(made_up, readings)
        if order.what == "erase":
            readings.erase(order.series)
        elif order.what == "retain":
            readings.retain(instant(order.start))
        else:
            readings.withdraw(order.series, instant(order.start), instant(order.end), at=received)
    _simulate(made_up, readings)


def _simulate(
    made_up: dict[tuple[int, int, int, int], list[tuple[str, int]]], readings: ReadingStore
) -> None:
    for portfolio, vens in made_up.items():
        simulate(portfolio, vens, readings)
    made_up.clear()
