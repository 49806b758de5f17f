"""flexkg readings: where the readings of a store are, and how they get elsewhere."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError
from kg.terminal import Commands

readings_app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Readings: move them between back ends, keep them small."
)
Store = Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")]


@readings_app.command()
def move(
    store: Store,
    to: Annotated[str, typer.Option("--to", help="`columns`, `graph` or `clickhouse`.")],
) -> None:
    """Move the readings of a store to another back end, by applying its journal anew.

    The old ones serve until the new ones are complete; answers stay the same.

    Example: `flexkg readings move --to columns --store ./store`
    """
    from kg.upkeep import move_readings

    print(move_readings(store, to))


@readings_app.command()
def export(
    store: Store,
    to: Annotated[Path, typer.Option("--to", help="The file: `.csv`, `.json`, `.arrow` or `.parquet`.")],
    start: Annotated[str | None, typer.Option("--from", help="First start, with zone.")] = None,
    end: Annotated[str | None, typer.Option("--until", help="Starts before, with zone.")] = None,
    bucket: Annotated[str | None, typer.Option("--bucket", help="Put together in spans, `PT1H`.")] = None,
    resource: Annotated[
        list[str] | None, typer.Option("--resource", help="resourceID; may be repeated.")
    ] = None,
    known_at: Annotated[str | None, typer.Option("--known-at", help="What was known at that time.")] = None,
) -> None:
    """Write readings into a file, each with unit and direction.

    Example: `flexkg readings export --to june.parquet --from 2026-06-01T00:00:00Z --store ./store`
    """
    from kg.readings.selecting import Selection
    from kg.service import Service
    from kg.settings import load_settings
    from kg.times import seconds

    length = seconds(bucket) if bucket else None
    if bucket and not length:
        raise UsageError(f"{bucket!r} is no length", where="--bucket", cure="write one such as PT1H")
    forms = {".csv", ".json", ".arrow", ".parquet"}
    if to.suffix not in forms:
        raise UsageError(f"{to.suffix!r} is no form", where=str(to), cure=f"use {', '.join(sorted(forms))}")
    selection = Selection(
        start=_time(start, "--from"),
        end=_time(end, "--until"),
        resources=tuple(resource or ()),
        bucket=timedelta(seconds=length) if length else None,
        known_at=_time(known_at, "--known-at"),
    )
    with Service(load_settings(store=store), create=False) as service:
        table = service.readings(selection)
    try:
        if to.suffix == ".parquet":
            table.parquet(to)
        elif to.suffix == ".arrow":
            to.write_bytes(table.stream())
        else:
            text = table.csv() if to.suffix == ".csv" else table.json()
            to.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(
            f"the file cannot be written: {error.strerror}", where=str(to), cure="name another one"
        ) from error
    print(f"{len(table.rows)} rows in {to}")


Series = Annotated[
    str, typer.Option("--series", help="IRI of the series, or what stands behind `series/` in it.")
]


@readings_app.command()
def withdraw(
    store: Store,
    series: Series,
    start: Annotated[str, typer.Option("--from", help="First start, with zone.")],
    end: Annotated[str, typer.Option("--until", help="Starts before, with zone.")],
) -> None:
    """Take readings of a series out of view, as wrong. Columns still tell what was known before.

    The journal keeps the payloads and this order: after a rebuild they are out of view as well.

    Example: `flexkg readings withdraw --series A/B --from 2026-06-01T00:00:00Z --until 2026-06-02T00:00:00Z`
    """
    since, before = _time(start, "--from"), _time(end, "--until")
    assert since is not None
    assert before is not None
    if before <= since:
        raise UsageError("the window is empty", where="--until", cure="let it end after it begins")
    print(f"{_order(store, 'withdraw', series, _text(since), _text(before))} readings withdrawn")


@readings_app.command()
def erase(store: Store, series: Series) -> None:
    """Remove all readings of a series, and what they replaced, for good.

    The encrypted journal keeps the payloads; to destroy them too: `flexkg subject erase`.

    Example: `flexkg readings erase --series VEN-1/USAGE/power --store ./store`
    """
    print(f"{_order(store, 'erase', series)} readings erased")


@readings_app.command()
def retain(
    store: Store,
    since: Annotated[
        str, typer.Option("--since", help="A time with zone, or how long ago: `P730D`, `P90D`.")
    ],
) -> None:
    """Remove all readings that start before a time, with what they replaced.

    Example: `flexkg readings retain --since P730D --store ./store`
    """
    from kg.times import moment, seconds

    length = seconds(since) if since[:1] == "P" else None
    try:
        time = datetime.now(UTC) - timedelta(seconds=length) if length else moment(since)
    except OverflowError:
        time = None  # before the year 1
    if time is None or time.tzinfo is None:
        raise UsageError(f"{since!r} is no time", where="--since", cure="write 2026-06-01T00:00:00Z or P730D")
    if time > datetime.now(UTC) + timedelta(days=31):  # readings of simulations may be ahead of their time
        raise UsageError(
            f"{_text(time)} is more than a month ahead: every reading would go",
            where="--since",
            cure="name a time that is over, or how long ago it was",
        )
    print(f"{_order(store, 'retain', '', _text(time))} readings removed, none is left before {_text(time)}")


@readings_app.command()
def compact(store: Store) -> None:
    """Write the file of the readings anew, in the order of time, so that it takes the least room.

    Where corrections and removals have left much room, columns do so by themselves.

    Example: `flexkg readings compact --store ./store`
    """
    from kg.upkeep import compact_readings

    print(compact_readings(store))


@readings_app.command()
def rebalance(
    store: Store,
    undo: Annotated[
        bool, typer.Option("--undo", help="Throw away new tables that were not complete.")
    ] = False,
) -> None:
    """Spread readings in ClickHouse over the shards of the cluster that the settings name now.

    Copied within the servers, beside the old tables, which count until all is compared; to be run again
    where it was cut off.

    Example: `FLEXKG_CLICKHOUSE_CLUSTER=three flexkg readings rebalance --store ./store`
    """
    from kg.upkeep import rebalance_readings

    print(rebalance_readings(store, print, undo=undo))


@readings_app.command("shards")
def shards_(store: Store) -> None:
    """Tell on which servers of ClickHouse readings are, and whether they are on their way.

    Example: `flexkg readings shards --store ./store`
    """
    from kg.upkeep import shards_of_readings

    print("\n".join(shards_of_readings(store)))


@readings_app.command("gaps")
def gaps_(
    store: Store,
    start: Annotated[str, typer.Option("--from", help="Start of the window, with zone.")],
    end: Annotated[str, typer.Option("--until", help="Its end, with zone.")],
    resource: Annotated[
        list[str] | None, typer.Option("--resource", help="resourceID; may be repeated.")
    ] = None,
) -> None:
    """List the spans for which a series has no reading, as CSV.

    A registered series that never had one is a gap from one end of the window to the other.

    Example: `flexkg readings gaps --from 2026-06-01T00:00:00Z --until 2026-06-02T00:00:00Z --store ./store`
    """
    import csv
    import sys

    from kg.readings.gaps import gaps_of
    from kg.service import Service
    from kg.settings import load_settings

    since, before = _time(start, "--from"), _time(end, "--until")
    assert since is not None
    assert before is not None
    writer = csv.writer(sys.stdout, lineterminator="\n")
    with Service(load_settings(store=store), create=False) as service:
        writer.writerow(("series", "start", "end", "hours"))
        for gap in gaps_of(
            service.store.readings, service.store.graphs, since, before, tuple(resource or ())
        ):
            hours = round((gap.end - gap.start).total_seconds() / 3600, 4)
            writer.writerow((gap.series, _text(gap.start), _text(gap.end), f"{hours:g}"))


def _order(store: Path, what: str, series: str = "", start: str = "", end: str = "") -> int:
    from kg.upkeep import order_readings

    return order_readings(store, what, series, start, end)


def _time(text: str | None, option: str) -> datetime | None:
    from kg.times import moment

    found = moment(text) if text else None
    if text is not None and (found is None or found.tzinfo is None):
        raise UsageError(f"{text!r} is no time with zone", where=option, cure="write 2026-06-01T00:00:00Z")
    return found


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
