"""flexkg: the command line. Commands only; what they do is in the library."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kg.errors import FlexKGError, UsageError
from kg.namespaces import VERSION

app = typer.Typer(
    name="flexkg",
    help="Meaning for flexibility messages: check OpenADR payloads, keep them as RDF, ask in SPARQL.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

Paths = Annotated[
    list[str], typer.Argument(help="Payload files, folders of them, or `-` for standard input.")
]
Store = Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")]
Level = Annotated[str, typer.Option("--profile", help="Strictness: `core`, `strict` or a profile file.")]
Engine = Annotated[
    str, typer.Option("--engine", help="SHACL engine: `shacl` (fast) or `pyshacl` (reference).")
]


@app.command()
def check(
    paths: Paths,
    profile: Level = "core",
    engine: Engine = "shacl",
    output: Annotated[str, typer.Option("--format", help="`text`, `json`, `junit` or `turtle`.")] = "text",
    max_bytes: Annotated[int, typer.Option(help="Largest payload accepted, in bytes.")] = 1_048_576,
) -> None:
    """Check payloads: schema, structure and meaning.

    Exit code 0: all conform; 1: something does not; 2: wrong usage or environment.

    Examples: `flexkg check event.xml`, `flexkg check inbox/ --format json`, `cat event.xml | flexkg check -`
    """
    from kg.render import as_json, as_junit, as_text, as_turtle

    _one_of("--format", output, ("text", "json", "junit", "turtle"))
    tally = {"conforms": 0, "violates": 0, "unreadable": 0}
    checked = _checked(paths, profile, engine, max_bytes, tally)
    if output == "junit":
        _print_all(as_junit((name, report) for name, report, _ in checked))
    elif output == "turtle":
        from kg.check import checker

        shapes = {rule.id: rule.shape for rule in checker(profile, engine).shapes.rules.values()}
        _print_all(
            as_turtle(((name, report) for name, report, _ in checked), lambda rule: shapes.get(rule, ""))
        )
    else:
        for name, report, data in checked:
            print(as_json(name, report) if output == "json" else as_text(name, report, data))
        if output == "text" and sum(tally.values()) > 1:
            print(", ".join(f"{count} {verdict}" for verdict, count in tally.items() if count))
    if tally["violates"] or tally["unreadable"]:
        raise typer.Exit(1)


def _checked(
    paths: list[str], profile: str, engine: str, max_bytes: int, tally: dict[str, int]
) -> Iterator[tuple[str, Any, bytes]]:
    from kg.check import checker
    from kg.payloads import find

    made = checker(profile, engine)
    for source in _progress(find(paths)):
        data = source.data(max_bytes)
        report = made.check(data, max_bytes=max_bytes)
        tally[report.verdict] += 1
        yield source.name, report, data


@app.command()
def lift(
    file: Annotated[str, typer.Argument(help="A payload file, or `-` for standard input.")],
    output: Annotated[str, typer.Option("--format", help="`turtle`, `nt` or `jsonld`.")] = "turtle",
) -> None:
    """Show the graph that a payload means.

    Example: `flexkg lift event.xml --format turtle`
    """
    from kg.graphs.formats import write_graph
    from kg.lift import lift as lift_document
    from kg.payloads import find
    from kg.xml import MAX_BYTES, read

    _one_of("--format", output, ("turtle", "nt", "jsonld"))
    (source,) = _single(find([file]), file)
    document = read(source.data(MAX_BYTES))
    if document.schema_errors:
        error = document.schema_errors[0]
        raise UsageError(
            error.message, where=f"{file}, line {error.line}, {error.pointer}", cure="run flexkg check"
        )
    print(write_graph(lift_document(document).ntriples, output), end="")


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
    from kg.service import Service
    from kg.settings import load_settings

    settings = load_settings(store=store, profile=profile)
    refused = accepted = 0
    with Service(settings) as service:
        found = ((source.name, source.data(settings.max_payload_bytes)) for source in _progress(find(paths)))
        for name, receipt in service.ingest_many(found):
            accepted += receipt.accepted
            refused += not receipt.accepted
            print(f"{name}: {receipt.summary}")
    print(f"{accepted} accepted, {refused} refused")
    if refused:
        raise typer.Exit(1)


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

    Examples: `flexkg query events --store ./store`,
    `flexkg query 'SELECT * { ?event a flex:Event } LIMIT 5' --store ./store --format csv`

    Without a name, `flexkg queries` lists the stored queries.
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
        answer = service.ask(_query_text(query), given)
        sys.stdout.write(render(answer, output))


@app.command()
def queries() -> None:
    """List the stored queries with what each answers and takes."""
    from kg.sparql.stored import stored_queries

    for stored in stored_queries().values():
        takes = " ".join(f"{p.name}={p.default or p.type}" for p in stored.parameters.values())
        print(f"{stored.name} {takes}".rstrip() + f"\n    {stored.summary}")


@app.command()
def rebuild(store: Store) -> None:
    """Make the graph anew from the journal, with today's mappings.

    Example: `flexkg rebuild --store ./store`
    """
    from kg.service import rebuild as rebuild_store

    print(rebuild_store(store))


@app.command()
def serve(
    store: Annotated[
        Path | None, typer.Option(help="Directory of the store; without one the service only checks.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; loopback by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve checks, payloads and SPARQL over HTTP.

    Example: `flexkg serve --store ./store --port 8000`, then open http://127.0.0.1:8000/docs
    """
    from kg.settings import load_settings

    settings = load_settings(store=store, host=host, port=port)
    try:
        from api.server import run
    except ImportError as error:
        raise UsageError(
            f"the service cannot be loaded: {error}", cure="install flexkg with its dependencies"
        ) from error
    run(settings)


@app.command()
def mappings() -> None:
    """List the mapping files with the profile that each serves."""
    from kg.lift import mapping_files
    from kg.yarrrml import load

    for path in mapping_files():
        source = load(path)
        profile = source.settings.get("profile")
        print(
            f"{path.name}: OpenADR {profile}, {len(source.mappings)} mappings"
            if profile
            else f"{path.name}: included"
        )


def _query_text(text: str) -> str:
    path = Path(text)
    try:
        if path.suffix in (".rq", ".sparql") or (len(text) < 200 and "{" not in text and path.is_file()):
            return path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"query file cannot be read: {error.strerror}", where=text) from error
    except UnicodeDecodeError as error:
        raise UsageError("query file is not UTF-8", where=text, cure="save it as UTF-8") from error
    return text


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{value!r} is no value of {option}", cure=f"use one of {', '.join(allowed)}")


def _single(found: Iterator[Any], name: str) -> list[Any]:
    sources = list(found)
    if len(sources) != 1:
        raise UsageError("one payload is asked for", where=name, cure="name a file")
    return sources


def _progress(found: Iterator[Any]) -> Iterator[Any]:
    """Show a progress bar on standard error where a person is watching and the work is long."""
    if not sys.stderr.isatty():
        yield from found
        return
    from rich.console import Console
    from rich.progress import track

    sources = list(found)
    yield from track(
        sources, console=Console(stderr=True), disable=len(sources) < 100, description="payloads"
    )


def _print_all(parts: Iterator[str]) -> None:
    for part in parts:
        print(part)


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
    """Meaning for flexibility messages: check OpenADR payloads, keep them as RDF, ask in SPARQL."""


def main() -> None:
    """Run the command line; every error that a user can meet is one line, exit code 2."""
    try:
        app()
    except FlexKGError as error:
        print(f"flexkg: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(2)
    except KeyboardInterrupt:
        print("flexkg: interrupted", file=sys.stderr)
        sys.exit(130)
