"""flexkg readings: where the readings of a store are, and how they get elsewhere."""

from datetime import datetime, timedelta
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
    from kg.times import moment, seconds

    def time(text: str | None, option: str) -> datetime | None:
        found = moment(text) if text else None
        if text and found is None:
            raise UsageError(f"{text!r} is no time", where=option, cure="write 2026-06-01T00:00:00Z")
        return found

    length = seconds(bucket) if bucket else None
    if bucket and not length:
        raise UsageError(f"{bucket!r} is no length", where="--bucket", cure="write one such as PT1H")
    forms = {".csv", ".json", ".arrow", ".parquet"}
    if to.suffix not in forms:
        raise UsageError(f"{to.suffix!r} is no form", where=str(to), cure=f"use {', '.join(sorted(forms))}")
    selection = Selection(
        start=time(start, "--from"),
        end=time(end, "--until"),
        resources=tuple(resource or ()),
        bucket=timedelta(seconds=length) if length else None,
        known_at=time(known_at, "--known-at"),
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
