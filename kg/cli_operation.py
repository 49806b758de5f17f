"""flexkg settings, backup, restore, tenants: what an operator does beside serving."""

from pathlib import Path
from typing import Annotated

import typer

Store = Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")]
Keys = Annotated[Path | None, typer.Option("--keys", help="File with the keys, kept apart.")]


def settings() -> None:
    """Show every setting: its value, and whether it is from the environment, the file or the default.

    `FLEXKG_CONFIG` names a TOML file with settings, `name = value`; the environment goes before it.

    Example: `FLEXKG_CONFIG=flexkg.toml flexkg settings`
    """
    from kg.settings import load_settings, origins

    found = load_settings()
    for name, origin in origins(found).items():
        value = getattr(found, name)
        print(f"{name} = {'' if value is None else value}  # {origin}")


def backup(
    target: Annotated[Path, typer.Argument(help="A new directory for the copy.")],
    store: Store,
    keys: Keys = None,
) -> None:
    """Copy a store's record - journal, keys, what lies beside - also while a service runs on it.

    Example: `flexkg backup /backup/2026-11-27 --store ./store --keys /vault/2026-11-27.keys`
    """
    from kg.backup import backup as copy

    print(f"{copy(store, target, keys)} rows copied to {target}")


def restore(
    source: Annotated[Path, typer.Argument(help="What `flexkg backup` made.")],
    store: Store,
    keys: Keys = None,
) -> None:
    """Make a store from a backup, at a new place; its journal is verified, its graph made anew.

    Example: `flexkg restore /backup/2026-11-27 --store ./restored --keys /vault/2026-11-27.keys`
    """
    from kg.backup import restore as make
    from kg.settings import load_settings

    rows, made = make(source, store, keys, bindings=load_settings().bindings)
    print(f"{rows} rows verified; {made}")


def move(
    store: Annotated[
        Path, typer.Option("--from", "--store", help="Directory of the store.", envvar="FLEXKG_STORE")
    ],
    to: Annotated[str, typer.Option("--to", help="Address of an endpoint for SPARQL queries.")],
    update: Annotated[str, typer.Option("--update", help="Its address for updates, if another.")] = "",
) -> None:
    """Make a store's graph anew behind a SPARQL 1.1 endpoint, by replaying its journal.

    The store stays as it is, and stays the record. `flexkg serve` does not serve over endpoints yet.

    Example: `flexkg move --from ./store --to http://127.0.0.1:7878/query --update http://127.0.0.1:7878/update`
    """
    from kg.graphs.endpoint import EndpointGraphs
    from kg.move import move as carry
    from kg.namespaces import GRAPH
    from kg.settings import load_settings

    target = EndpointGraphs(to, update)
    try:
        done = carry(store, target, bindings=load_settings().bindings)
        print(f"{done}; {sum(map(target.count, target.graphs(GRAPH)))} triples there")
    finally:
        target.close()


def scrub(
    store: Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")],
) -> None:
    """Read everything that a store holds on disk, and tell what is damaged; nothing is changed.

    The journal's chain is verified, each block of graph and columns compared with its checksum.

    Exit code 0: nothing is damaged; 1: something is, and how to mend it.

    Example: `flexkg scrub --store ./store`
    """
    from kg.scrub import scrub as read

    found = read(store)
    print(found)
    if found.damage:
        raise typer.Exit(1)


def tenants(
    add: Annotated[str, typer.Option("--add", help="Name of a new tenant.")] = "",
) -> None:
    """List the tenants below `FLEXKG_TENANTS`, or make a store for a new one.

    Example: `FLEXKG_TENANTS=/var/lib/flexkg flexkg tenants --add north`
    """
    from kg.settings import load_settings
    from kg.tenants import Tenants

    known = Tenants(load_settings())
    if add:
        print(known.add(add))
    else:
        print("".join(f"{name}\n" for name in known.names()), end="")
    known.close()
