"""flexkg enrol and certificate: a device's certificates. Commands only; what they do is in the library."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.errors import UsageError

if TYPE_CHECKING:
    from kg.identity.device_flow import Prompt

certificate_app = typer.Typer(
    help="Certificates of devices: register and revoke.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Identity = Annotated[
    Path, typer.Option("--identity", help="Folder of registry and vault.", envvar="FLEXKG_IDENTITY")
]


def enrol(
    out: Annotated[Path, typer.Option(help="Folder for `device.key` and `device.pem`.")],
    est: Annotated[str, typer.Option(help="Address of the service, `https://host:port`.")],
    provider: Annotated[
        str, typer.Option(help="The OpenID provider; asks its owner by the device flow.")
    ] = "",
    client: Annotated[str, typer.Option(help="Client ID of devices at the provider.")] = "device",
    audience: Annotated[str, typer.Option(help="The service's audience.", envvar="FLEXKG_AUDIENCE")] = "",
    ca: Annotated[Path | None, typer.Option(help="Authority of the service's certificate, PEM.")] = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="Ask for a new certificate by the present one.")
    ] = False,
) -> None:
    """Play the device: get a certificate for a key of its own, or renew it.

    With `--provider` the owner is shown a page and a code; the token that comes of it is bound to the key.

    Example: `flexkg enrol --out heatpump --est https://agg.example --provider https://idp.example`
    """
    from kg.identity.device import enrol as first
    from kg.identity.device import renew as again

    if renew:
        print(again(out, est, ca=ca))
        return
    if not provider:
        raise UsageError("who is the provider?", where="--provider", cure="name it, or add --renew")

    def show(prompt: "Prompt") -> None:
        print(f"open {prompt.complete or prompt.address} and confirm the code {prompt.code}", flush=True)

    print(first(out, est, provider, client, show, audience=audience, ca=ca))


@certificate_app.command()
def register(
    party: Annotated[str, typer.Argument(help="The venID.")],
    certificate: Annotated[Path, typer.Option(help="The certificate, PEM or DER.")],
    tenant: Annotated[str, typer.Option(help="The aggregator.")],
    identity: Identity,
) -> None:
    """Register a certificate that another authority issued, for example one of the OpenADR Alliance.

    Example: `flexkg certificate register VEN-1 --certificate ven.pem --tenant default --identity ./identity`
    """
    from kg.identity.device import register as enter

    try:
        data = certificate.read_bytes()
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror}", where=str(certificate)) from error
    print(enter(identity, data, party, tenant))


@certificate_app.command()
def revoke(party: Annotated[str, typer.Argument(help="The venID.")], identity: Identity) -> None:
    """Revoke all certificates of a party; counts at its next request.

    Example: `flexkg certificate revoke ven-2f9c --identity ./identity`
    """
    from kg.identity.registry import Registry

    path = identity / "certificates.sqlite"
    if not path.exists():
        raise UsageError("there is no registry", where=os.fspath(identity), cure="name the folder")
    registry = Registry(path)
    try:
        done = registry.revoke(party=party)
    finally:
        registry.close()
    print(f"{done} certificates revoked")
    if not done:
        raise typer.Exit(1)
