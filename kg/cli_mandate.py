"""flexkg mandate: the commands about who may see whose data. Commands only."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError

mandate_app = typer.Typer(
    help="Record who may see whose data: for mandates on paper.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Store = Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")]
Party = Annotated[str, typer.Argument(help="venID of who grants.")]


@mandate_app.command()
def grant(
    party: Party,
    store: Store,
    client: Annotated[str, typer.Option(help="Client that may see, as its tokens name it (client_id).")],
    purpose: Annotated[str, typer.Option(help="settlement, operation, advice or research.")],
    until: Annotated[str, typer.Option(help="When it ends, for example 2027-12-31T00:00:00Z.")],
    basis: Annotated[str, typer.Option(help="Where the paper is, for whoever asks later.")],
) -> None:
    """Record a mandate that an owner gave on paper. Owners grant on their page themselves.

    Example: `flexkg mandate grant VEN-1 --store ./store --client agg --purpose settlement
    --until 2027-12-31T00:00:00Z --basis "signed 2026-11-03, folder 12"`
    """
    from kg.mandates import recorded

    try:
        ends = datetime.fromisoformat(until)
    except ValueError as error:
        raise UsageError(
            f"{until!r} is no time", where="--until", cure="write 2027-12-31T00:00:00Z"
        ) from error
    if not basis.strip():
        raise UsageError("nothing says where the paper is", where="--basis", cure="name its place")
    with recorded(store) as mandates:
        mandates.must_know(party)
        made = mandates.grant(party, client, purpose, ends, basis=basis.strip())
    print(f"{made.id}: {made.assignee} may see data of {party} for {purpose} until {made.ends.isoformat()}")


@mandate_app.command()
def withdraw(
    party: Party,
    mandate: Annotated[str, typer.Argument(help="The mandate, as `list` shows it.")],
    store: Store,
) -> None:
    """Record that an owner withdrew a mandate.

    Example: `flexkg mandate withdraw VEN-1 0123456789abcdef0123456789abcdef --store ./store`
    """
    from kg.mandates import recorded

    with recorded(store) as mandates:
        made = mandates.withdraw([party], mandate)
    assert made.withdrawn is not None
    print(f"{made.id}: counts no more since {made.withdrawn.isoformat()}")


@mandate_app.command(name="list")
def list_(store: Store, party: Annotated[str, typer.Option(help="Only those of this venID.")] = "") -> None:
    """List mandates: those in force, those that ended, those withdrawn.

    Example: `flexkg mandate list --store ./store --party VEN-1`
    """
    from kg.mandates import recorded

    now = datetime.now(UTC)
    with recorded(store) as mandates:
        found = mandates.of([party]) if party else mandates.all()
    for one in found:
        state = "withdrawn" if one.withdrawn else "in force" if one.counts(now) else "over"
        line = f"{one.id}  {one.party}  {one.assignee}  {one.purpose}  until {one.ends.isoformat()}  {state}"
        print(line + (f"  ({one.basis})" if one.basis else ""))
    if not found:
        print("no mandates")
