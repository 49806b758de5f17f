"""flexkg: the command line. Commands only; what they do is in the library."""

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from kg.cli_check import check
from kg.cli_convert import convert
from kg.cli_devices_make import devices_app
from kg.cli_enrol import certificate_app, enrol
from kg.cli_event import event_app
from kg.cli_evidence import evidence
from kg.cli_explain import explain
from kg.cli_gateway import gateway
from kg.cli_guard import guard
from kg.cli_journal import journal_app
from kg.cli_lists import mappings, queries
from kg.cli_lower import lower
from kg.cli_mandate import mandate_app
from kg.cli_ontology import ontology_app
from kg.cli_operation import backup, move, restore, scrub, settings, tenants
from kg.cli_readings import readings_app
from kg.cli_reply import reply
from kg.cli_simulate import simulate
from kg.cli_subject import subject_app
from kg.errors import UsageError
from kg.inbox import Reading, query_text
from kg.namespaces import VERSION
from kg.terminal import Commands

app = typer.Typer(
    name="flexkg",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(certificate_app, name="certificate")
app.add_typer(devices_app, name="devices")
app.add_typer(journal_app, name="journal")
app.add_typer(event_app, name="event")
app.add_typer(mandate_app, name="mandate")
app.add_typer(ontology_app, name="ontology")
app.add_typer(readings_app, name="readings")
app.add_typer(subject_app, name="subject")
app.command()(check)
app.command()(convert)
app.command()(enrol)
app.command()(evidence)
app.command()(explain)
app.command()(gateway)
app.command()(guard)
app.command()(lower)
app.command()(mappings)
app.command()(queries)
app.command()(reply)
app.command()(settings)
app.command()(backup)
app.command()(move)
app.command()(restore)
app.command()(scrub)
app.command()(tenants)
app.command()(simulate)

Paths = Annotated[
    list[str], typer.Argument(help="Payload files, folders of them, or `-` for standard input.")
]
Store = Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")]
Level = Annotated[
    str,
    typer.Option(
        "--profile", help="Strictness: `core`, `strict` or a profile file.", envvar="FLEXKG_PROFILE"
    ),
]
Largest = Annotated[
    int,
    typer.Option(
        "--max-bytes", min=1, help="Largest payload accepted, in bytes.", envvar="FLEXKG_MAX_PAYLOAD_BYTES"
    ),
]


@app.command()
def lift(
    file: Annotated[str, typer.Argument(help="A payload file, or `-` for standard input.")],
    output: Annotated[str, typer.Option("--format", help="`turtle`, `nt` or `jsonld`.")] = "turtle",
    max_bytes: Largest = 1_048_576,
) -> None:
    """Show the graph that a payload means.

    Example: `flexkg lift event.xml --format turtle`
    """
    from kg.graphs.formats import write_graph
    from kg.lift import lift as lift_document
    from kg.payloads import find
    from kg.xml import read

    _one_of("--format", output, ("turtle", "nt", "jsonld"))
    sources = list(islice(find([file]), 2))
    if len(sources) != 1:
        raise UsageError("one payload is asked for", where=file, cure="name a file")
    document = read(sources[0].data(max_bytes), max_bytes=max_bytes)
    if document.schema_errors:
        error = document.schema_errors[0]
        raise UsageError(
            error.message, where=f"{file}, line {error.line}, {error.pointer}", cure="flexkg check says more"
        )
    print(write_graph(lift_document(document).ntriples, output).rstrip("\n"))


@app.command()
def ingest(
    paths: Paths,
    store: Store,
    profile: Level = "core",
) -> None:
    """Check payloads, record them in the journal, and add what conforms to the store.

    Exit code 0: all were accepted; 1: something was refused; 2: wrong usage or environment.

    Example: `flexkg ingest inbox/ --store ./store`
    """
    from kg.payloads import find
    from kg.render import printable
    from kg.service import Service
    from kg.settings import load_settings

    settings = load_settings(store=store, profile=profile)
    refused = accepted = 0
    read = Reading(find(paths), settings.max_payload_bytes)
    with Service(settings) as service:
        for name, receipt in service.ingest_many(read):
            accepted += receipt.accepted
            refused += not receipt.accepted
            print(printable(f"{name}: {receipt.summary}"))
    print(f"{accepted} accepted, {refused} refused")
    read.finish(refused)


@app.command()
def query(
    query: Annotated[
        str, typer.Argument(help="A SPARQL query, a file with one, or the name of a stored query.")
    ],
    store: Store,
    values: Annotated[
        list[str] | None, typer.Argument(help="Parameters of a stored query: `name=value`.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="`table`, `csv` or `json`.")] = "table",
) -> None:
    """Ask the store.

    `flexkg queries` lists the stored queries; a file that is called like one is named `./events`.
    FlexKG's prefixes (`flex:`, `saref:`, `vocab:`, ...) need not be declared.

    Examples: `flexkg query events --store ./store`, `flexkg query requested event=E-7 --store ./store`,
    `flexkg query 'SELECT * { ?event a flex:Event } LIMIT 5' --store ./store --format csv`
    """
    from kg.answers import render
    from kg.service import Service
    from kg.settings import load_settings

    _one_of("--format", output, ("table", "csv", "json"))
    given = {}
    for pair in values or []:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} is no parameter", cure="write name=value")
        given[name] = value
    with Service(load_settings(store=store), create=False) as service:
        answer = service.ask(query_text(query, service.stored()), given)
        sys.stdout.write(render(answer, output))


@app.command()
def rebuild(store: Store) -> None:
    """Make the graph anew from the journal, with today's mappings.

    What was accepted stays accepted, what was refused stays refused; the old graph serves until the new one
    is complete.

    Example: `flexkg rebuild --store ./store`
    """
    from kg.upkeep import rebuild as rebuild_store

    print(rebuild_store(store))


@app.command()
def serve(
    store: Annotated[
        Path | None, typer.Option(help="Directory of the store; without one the service only checks.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; loopback only. [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on, 0 for any free one. [default: 8000]")
    ] = None,
    vtn: Annotated[
        str | None, typer.Option("--vtn", help="vtnID of the OpenADR VTN to serve.", envvar="FLEXKG_VTN_ID")
    ] = None,
) -> None:
    """Serve checks, payloads and SPARQL over HTTP, and an OpenADR 2.0b VTN where it has an ID.

    Examples: `flexkg serve --store ./store --port 8000`, then open http://127.0.0.1:8000/docs;
    `flexkg serve --store ./store --vtn VTN-1`, then let VENs call http://127.0.0.1:8000/OpenADR2/Simple/2.0b
    """
    from kg.settings import load_settings

    settings = load_settings(store=store, host=host, port=port, vtn_id=vtn)
    try:
        from api.server import run
    except ImportError as error:
        raise UsageError(
            f"the service cannot be loaded: {error}", cure="install flexkg with its dependencies"
        ) from error
    run(settings)


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{value!r} is no value of {option}", cure=f"use one of {', '.join(allowed)}")


def _version(value: bool) -> None:
    if value:
        print(f"flexkg {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Meaning for flexibility messages: check OpenADR payloads, keep them as RDF, ask in SPARQL.

    Start with `flexkg check event.xml`; then `flexkg ingest inbox/ --store ./store` and
    `flexkg query events --store ./store`. Each command explains itself: `flexkg check --help`.

    Exit code 0: all is well; 1: something does not conform; 2: wrong usage or environment.
    """


def main() -> None:
    """Run the command line; see ``kg.terminal`` for what becomes of errors."""
    app()
