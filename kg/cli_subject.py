"""flexkg subject: the commands about one of those of whom data are kept. Commands only."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError

subject_app = typer.Typer(
    help="Export and erase what is kept about somebody.", no_args_is_help=True, rich_markup_mode="markdown"
)
Store = Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")]
Name = Annotated[str, typer.Argument(help="The subject as the messages state it, for example a venID.")]


@subject_app.command()
def export(name: Name, store: Store, out: Annotated[Path, typer.Option(help="A new folder.")]) -> None:
    """Write all that is kept about somebody: payloads, graph (Turtle) and readings (CSV).

    Names of others are left out. `flexkg subject import` takes the folder into another store.

    Example: `flexkg subject export VEN-1 --store ./store --out ven-1`
    """
    from kg.settings import load_settings
    from kg.takeout import export as write

    print(write(store, name, out, bindings=load_settings().bindings))


@subject_app.command(name="import")
def import_(folder: Annotated[Path, typer.Argument(help="An export.")], store: Store) -> None:
    """Take an export into a store, with the times at which its payloads were received.

    Example: `flexkg subject import ven-1 --store ./other`
    """
    from kg.takeout import import_ as take

    print(take(store, folder))


@subject_app.command()
def erase(
    name: Name,
    store: Store,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase somebody: destroy the key, make the graph anew, search every file for the name.

    Messages that prove an activation stay without the name; payloads about others too. It cannot be undone.

    Exit code 0: nothing was found any more; 1: a name is still in a file, which is named.

    Example: `flexkg subject erase VEN-1 --store ./store --yes`
    """
    from kg.erasure import erase as destroy
    from kg.settings import load_settings

    if not yes and not typer.confirm(f"Erase {name} from {store} for ever?"):
        raise UsageError("nothing was erased", cure="add --yes")
    done = destroy(store, name, bindings=load_settings().bindings)
    print(done)
    if done.hits:
        raise typer.Exit(1)


@subject_app.command()
def hold(
    name: Name,
    store: Store,
    until: Annotated[str, typer.Option(help="When it ends, for example 2027-01-31T00:00:00Z.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")],
) -> None:
    """Put somebody under a legal hold: no erasure until it ends.

    Example: `flexkg subject hold VEN-1 --store ./store --until 2027-01-31T00:00:00Z --reason "case 7"`
    """
    from kg.directory import open_directory
    from kg.holds import Holds

    try:
        ends = datetime.fromisoformat(until)
    except ValueError as error:
        raise UsageError(
            f"{until!r} is no time", where="--until", cure="write 2027-01-31T00:00:00Z"
        ) from error
    Holds(open_directory(store, create=False)).put(name, ends, reason)
    print(f"{name} is held until {ends.isoformat()}")


@subject_app.command()
def release(name: Name, store: Store) -> None:
    """End a legal hold.

    Example: `flexkg subject release VEN-1 --store ./store`
    """
    from kg.directory import open_directory
    from kg.holds import Holds

    print("released" if Holds(open_directory(store, create=False)).drop(name) else "there was no hold")
