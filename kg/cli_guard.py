"""flexkg guard: the command that stands in front of another VTN. What it does is in the library."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError


def guard(
    upstream: Annotated[
        str,
        typer.Option(help="Address of the VTN behind, such as http://127.0.0.1:8080/OpenADR2/Simple/2.0b"),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on, 0 for any free one.")
    ] = 8081,
    note: Annotated[
        bool, typer.Option("--note", help="Refuse only what cannot be read; tell of the rest.")
    ] = False,
    profile: Annotated[
        str, typer.Option(help="Strictness: `core`, `strict` or a profile file.", envvar="FLEXKG_PROFILE")
    ] = "core",
    store: Annotated[
        Path | None, typer.Option(help="Record every message in this store, polls without news left out.")
    ] = None,
    context: Annotated[
        str,
        typer.Option(help="Rules across messages: `off`, `warn`, or `enforce` where the store has seen all."),
    ] = "warn",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain to serve TLS with, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
    client_ca: Annotated[
        Path | None, typer.Option(help="CA that VENs' certificates have to be from, PEM.")
    ] = None,
    upstream_ca: Annotated[Path | None, typer.Option(help="CA of the VTN behind, PEM.")] = None,
    upstream_cert: Annotated[
        Path | None, typer.Option(help="Certificate shown to the VTN behind, PEM.")
    ] = None,
    upstream_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
) -> None:
    """Stand in front of an OpenADR 2.0b VTN: nothing that fails the check passes, either way.

    What is refused is answered with an OpenADR message; everything else passes byte for byte, signatures
    included. `GET /health` counts what passed.

    Example: `flexkg guard --upstream http://127.0.0.1:8080/OpenADR2/Simple/2.0b --port 8081`
    """
    from kg.check import checker
    from kg.ingest import Ingest
    from kg.openadr.guard import Guard
    from kg.openadr.listening import run
    from kg.openadr.proxy import application
    from kg.openadr.tls import tls_client, tls_server

    if not upstream.startswith(("http://", "https://")):
        raise UsageError(
            f"{upstream!r} is no address", where="--upstream", cure="begin it with http:// or https://"
        )
    if (tls_cert is None) != (tls_key is None) or (upstream_cert is None) != (upstream_key is None):
        raise UsageError("a certificate comes with its key", cure="give both")
    if context not in ("off", "warn", "enforce"):
        raise UsageError(f"{context!r} is no way", where="--context", cure="use off, warn or enforce")
    if context == "enforce" and store is None:
        raise UsageError(
            "rules across messages need a memory", where="--context", cure="name a directory with --store"
        )
    if client_ca is not None and tls_cert is None:
        raise UsageError("certificates are shown over TLS only", where="--client-ca", cure="add --tls-cert")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    serving = tls_server(tls_cert, tls_key, client_ca) if tls_cert and tls_key else None
    calling = tls_client(upstream_ca, upstream_cert, upstream_key)
    ingest = Ingest(store, profile=profile, context=context) if store is not None else None
    try:
        made = Guard(checker(profile), note_only=note, ingest=ingest)
        run(application(upstream, made, tls=calling), host, port, serving, f"flexkg guards {upstream}")
    finally:
        if ingest is not None:
            ingest.close()
