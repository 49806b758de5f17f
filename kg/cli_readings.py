"""flexkg readings: where the readings of a store are, and how they get elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from kg.terminal import Commands

readings_app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Readings: move them between back ends, keep them small."
)
Store = Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")]


@readings_app.command()
def move(
    store: Store,
    to: Annotated[str, typer.Option("--to", help="`columns` or `graph`.")],
) -> None:
    """Move the readings of a store to another back end, by applying its journal anew.

    The old ones serve until the new ones are complete; answers stay the same.

    Example: `flexkg readings move --to columns --store ./store`
    """
    from kg.upkeep import move_readings

    print(move_readings(store, to))
