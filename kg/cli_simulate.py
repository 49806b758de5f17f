"""flexkg simulate: a portfolio that is made up."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError

_INTERVAL = re.compile(r"(\d{1,6})([smh])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def simulate(
    vens: Annotated[int, typer.Option("--vens", min=1, help="How many VENs.")] = 10,
    days: Annotated[int, typer.Option("--days", min=1, help="How many days, from 1 June 2026 on.")] = 1,
    interval: Annotated[
        str, typer.Option("--interval", help="Length of a reading's span: `15m`, `1h`, `60s`.")
    ] = "15m",
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same portfolio.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", help="A new folder for OpenADR payloads.")] = None,
    store: Annotated[Path | None, typer.Option("--store", help="A store to put everything into.")] = None,
) -> None:
    """Make up a portfolio: heat pumps, batteries, PV, EV chargers and meters, events, opts, missing data.

    With `--out` everything becomes OpenADR 2.0b payloads; with `--store` the readings go into the store
    without a payload each, which is much faster: its journal says how they are made up, and a rebuild makes
    them again. A new store keeps its readings in columns.

    Example: `flexkg simulate --vens 100 --days 7 --out portfolio`
    """
    from kg.simulation.portfolio import Portfolio

    match = _INTERVAL.fullmatch(interval)
    if match is None:
        raise UsageError(f"{interval!r} is no interval", where="--interval", cure="write 15m, 1h or 60s")
    if (out is None) == (store is None):
        raise UsageError("one place is asked for", cure="give --out DIR or --store DIR")
    portfolio = Portfolio(vens, days, timedelta(**{_UNITS[match[2]]: int(match[1])}), seed)
    if out is not None:
        from kg.simulation.outcome import write

        print(f"{write(portfolio, out)} payloads in {out}")
        return
    from kg.service import Service
    from kg.settings import load_settings
    from kg.simulation.outcome import fill

    made = {} if store is not None and store.exists() else {"readings": "columns"}
    with Service(load_settings(store=store, **made)) as service:
        payloads, readings = fill(portfolio, service.store)
    print(f"{payloads} payloads and {readings} readings in {store}; the journal says how they are made up")
