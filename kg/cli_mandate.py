"""flexkg mandate: the commands about who may see whose data. Commands only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from kg.errors import StoreUnavailable, UsageError

if TYPE_CHECKING:
    from kg.mandates import Mandates

mandate_app = typer.Typer(
    help="Record who may see whose data: for mandates on paper.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Store = Annotated[
    Path | None,
    typer.Option("--store", help="Directory of the store; no service uses it.", envvar="FLEXKG_STORE"),
]
Url = Annotated[str, typer.Option("--url", help="Address of the service that uses it.", envvar="FLEXKG_URL")]
Token = Annotated[str, typer.Option(help="Bearer token, with a scope of identity.", envvar="FLEXKG_TOKEN")]
Party = Annotated[str, typer.Argument(help="venID of who grants.")]


@mandate_app.command()
def grant(
    party: Party,
    client: Annotated[str, typer.Option(help="Client that may see, as its tokens name it (client_id).")],
    purpose: Annotated[str, typer.Option(help="settlement, operation, advice or research.")],
    until: Annotated[str, typer.Option(help="When it ends, for example 2027-12-31T00:00:00Z.")],
    basis: Annotated[str, typer.Option(help="Where the paper is, for whoever asks later.")],
    store: Store = None,
    url: Url = "",
    token: Token = "",
) -> None:
    """Record a mandate that an owner gave on paper. Owners grant on their page themselves.

    With `--url` a running service records it; its token has the scope identity:write.

    Example: `flexkg mandate grant VEN-1 --store ./store --client agg --purpose settlement
    --until 2027-12-31T00:00:00Z --basis "signed 2026-11-03, folder 12"`
    """
    try:
        ends = datetime.fromisoformat(until)
    except ValueError as error:
        raise UsageError(
            f"{until!r} is no time", where="--until", cure="write 2027-12-31T00:00:00Z"
        ) from error
    if not basis.strip():
        raise UsageError("nothing says where the paper is", where="--basis", cure="name its place")
    if url:
        said = {
            "party": party,
            "assignee": client,
            "purpose": purpose,
            "until": until,
            "basis": basis.strip(),
        }
        made = _call("POST", f"{url}/mandates", token, said)
    else:
        from kg.clients import clients, nameable
        from kg.mandates import as_dict
        from kg.settings import load_settings

        nameable(client, clients(load_settings().clients))
        with _recorded(store) as mandates:
            mandates.must_know(party)
            made = as_dict(mandates.grant(party, client, purpose, ends, basis=basis.strip()))
    print(f"{made['id']}: {made['assignee']} may see data of {party} for {purpose} until {made['ends']}")


@mandate_app.command()
def withdraw(
    party: Party,
    mandate: Annotated[str, typer.Argument(help="The mandate, as `list` shows it.")],
    store: Store = None,
    url: Url = "",
    token: Token = "",
) -> None:
    """Record that an owner withdrew a mandate.

    Example: `flexkg mandate withdraw VEN-1 0123456789abcdef0123456789abcdef --store ./store`
    """
    if url:
        made = _call("DELETE", f"{url}/mandates/{quote(party, safe='')}/{quote(mandate, safe='')}", token)
    else:
        from kg.mandates import as_dict

        with _recorded(store) as mandates:
            made = as_dict(mandates.withdraw([party], mandate))
    print(f"{made['id']}: counts no more since {made['withdrawn']}")


@mandate_app.command(name="list")
def list_(
    store: Store = None,
    party: Annotated[str, typer.Option(help="Only those of this venID.")] = "",
    url: Url = "",
    token: Token = "",
) -> None:
    """List mandates: those in force, those that ended, those withdrawn.

    Example: `flexkg mandate list --store ./store --party VEN-1`
    """
    if url:
        found = _call("GET", f"{url}/mandates?party={quote(party, safe='')}", token)
    else:
        from kg.mandates import as_dict

        with _recorded(store) as mandates:
            found = [as_dict(one) for one in (mandates.of([party]) if party else mandates.all())]
    now = datetime.now(UTC)
    for one in found:
        over = datetime.fromisoformat(one["ends"]) <= now
        state = "withdrawn" if one["withdrawn"] else "over" if over else "in force"
        line = (
            f"{one['id']}  {one['party']}  {one['assignee']}  {one['purpose']}  until {one['ends']}  {state}"
        )
        print(line + (f"  ({one['basis']})" if one["basis"] else ""))
    if not found:
        print("no mandates")


@contextmanager
def _recorded(store: Path | None) -> "Iterator[Mandates]":
    """Open the mandates of a store; where a service uses it, say how to ask that."""
    from kg.mandates import recorded

    if store is None:
        raise UsageError("no store is named", cure="name it with --store DIR, or the service with --url URL")
    try:
        with recorded(store) as mandates:
            yield mandates
    except StoreUnavailable as error:
        if error.code != "store-locked":
            raise
        raise StoreUnavailable(
            error.what,
            where=error.where,
            cure="where that is a service: --url http://127.0.0.1:8000 instead of --store, with --token"
            " where it asks for one (scope identity:write, to list identity:read)",
            code=error.code,
        ) from error


def _call(method: str, url: str, token: str, body: dict[str, Any] | None = None) -> Any:
    from kg.remote import call

    return call(method, url, token, body, start="flexkg serve --store DIR")
