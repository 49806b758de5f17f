"""flexkg devices: the commands on device mappings. What they do is in kg/devices."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError

devices_app = typer.Typer(
    no_args_is_help=True,
    help="Device mappings: check, import, suggest, the check before dispatch. Certificates: flexkg device.",
)


@devices_app.command()
def check(
    paths: Annotated[
        list[str],
        typer.Argument(help="Mappings (`*.td.jsonld`, `*.tm.jsonld`), site files, or folders of them."),
    ],
    engine: Annotated[
        str,
        typer.Option(help="SHACL engine: `shacl` (fast) or `pyshacl` (reference).", envvar="FLEXKG_ENGINE"),
    ] = "shacl",
    output: Annotated[str, typer.Option("--format", help="`text` or `json`.")] = "text",
) -> None:
    """Check mappings: form and rules; several are also compared with one another.

    Exit code 0: all conform; 1: something does not; 2: wrong usage or environment.

    Examples: `flexkg devices check inverter.td.jsonld`, `flexkg devices check site/ --format json`
    """
    from kg.devices.sites import check_files, find
    from kg.render import as_json, as_text

    _one_of("--format", output, ("text", "json"))
    tally = {"conforms": 0, "violates": 0, "unreadable": 0}
    for name, report in check_files(find(paths), engine=engine):
        tally[report.verdict] += 1
        print(as_json(name, report) if output == "json" else as_text(name, report))
    if output == "text" and sum(tally.values()) > 1:
        print(", ".join(f"{count} {verdict}" for verdict, count in tally.items() if count))
    if tally["violates"] or tally["unreadable"]:
        raise typer.Exit(1)


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{value!r} is no value of {option}", cure=f"use one of {', '.join(allowed)}")


Site = Annotated[
    list[str],
    typer.Option(
        "--site", help="Mappings and site files, or folders of them; repeatable.", envvar="FLEXKG_DEVICES"
    ),
]


@devices_app.command()
def command(
    resource: Annotated[str, typer.Argument(help="Name of the resource, or IRI of a device that none has.")],
    value: Annotated[str, typer.Argument(help="Value of the signal's interval, or of the point.")],
    site: Site,
    signal: Annotated[str, typer.Option(help="Name of the signal: `SIMPLE`, `LOAD_DISPATCH`, ...")] = "",
    kind: Annotated[str, typer.Option("--type", help="Type of the signal: `level`, `setpoint`, ...")] = "",
    point: Annotated[str, typer.Option(help="Name of a point, instead of a signal.")] = "",
    device: Annotated[str, typer.Option(help="IRI of the device of `--point`.")] = "",
    market: Annotated[str, typer.Option(help="IRI of the market context that asks.")] = "",
    now: Annotated[str, typer.Option(help="Time of the command, for example `2026-11-23T17:00:00Z`.")] = "",
    reading: Annotated[
        list[str] | None,
        typer.Option(help="What was read: `device point=value`, or `point=value`; repeatable."),
    ] = None,
    situation: Annotated[
        Path | None, typer.Option(help="JSON file with `past`, `readings`, `opted_out`, `out_of_service`.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="`text` or `json`.")] = "text",
) -> None:
    """Check a command: show the exact writes, or the reasons why there are none. Nothing is written.

    Exit code 0: allowed; 1: refused; 2: wrong usage or environment.

    Examples: `flexkg devices command HP-3 2 --signal SIMPLE --type level --site site/`,
    `flexkg devices command HP-3 5000 --point powerLimit --site site/`
    """
    import json

    from kg.devices.commands import check_command
    from kg.devices.documents import parse
    from kg.devices.requests import read_request
    from kg.devices.sites import load_site
    from kg.render import printable

    _one_of("--format", output, ("text", "json"))
    found = load_site(site)
    body = parse(situation.read_bytes()) if situation is not None else {}
    if not isinstance(body, dict):
        raise UsageError("a situation is a JSON object", where=str(situation), cure="write one")
    body |= {"resource": resource, "value": value, "signal": signal, "type": kind}
    body |= {"point": point, "device": device, "market": market}
    if now:
        body["now"] = now
    for one in reading or ():
        name, equals, number = one.partition("=")
        owner, _, last = name.rpartition(" ")
        if not equals:
            raise UsageError(f"{one!r} is no reading", where="--reading", cure="write point=value")
        plan = found.plans.get(resource)
        for iri in [owner] if owner else [portion.device for portion in plan.portions] if plan else []:
            body.setdefault("readings", {}).setdefault(iri, {})[last] = number
    name, asked, moment, known = read_request(body)
    verdict = check_command(found.plans, name, asked, moment, known)
    if output == "json":
        print(json.dumps(verdict.as_dict(), ensure_ascii=False))
    else:
        print("allowed" if verdict.allowed else "refused")
        for write in verdict.writes:
            told = write.as_dict()
            unit = f" {write.unit.rpartition('/')[2]}" if write.unit else ""
            text = f"{write.device} {write.point} = {told['value']}{unit}: {write.protocol} "
            print(printable(f"  {text}{json.dumps(write.message)}"))
        for reason in verdict.refusals:
            print(printable(f"  {reason}"))
    if not verdict.allowed:
        raise typer.Exit(1)


@devices_app.command()
def instantiate(
    model: Annotated[str, typer.Argument(help="A Thing Model, or the name of a shipped one.")],
    iri: Annotated[str, typer.Option("--id", help="IRI of the device, for example `urn:dev:hp-3`.")],
    values: Annotated[
        list[str] | None, typer.Option("--set", help="Placeholder and value: `HOST=192.0.2.7`; repeatable.")
    ] = None,
    resource: Annotated[str, typer.Option(help="Name of the resource that the device is behind.")] = "",
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
) -> None:
    """Make the Thing Description of one device from a Thing Model: fill in its placeholders.

    Example: `flexkg devices instantiate generic-heat-pump --id urn:dev:hp-3 --set HOST=192.0.2.7 --set
    PORT=502 --set UNIT=1 --out hp-3.td.jsonld`
    """
    from kg.devices.models import find_model, instance, written

    given = {}
    for pair in values or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} sets no placeholder", where="--set", cure="write NAME=value")
        given[name] = value
    text = written(instance(find_model(model), iri, given, resource))
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


@devices_app.command("list")
def list_() -> None:
    """List the shipped mappings and strategies.

    Example: `flexkg devices list`
    """
    from kg.devices.models import shipped
    from kg.devices.strategies import shipped as strategies

    for name, document in shipped().items():
        print(f"{name}: {document.title}")
    print("strategies: " + ", ".join(sorted(strategies())))


@devices_app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="What the files are: see `flexkg devices import --help`.")],
    files: Annotated[list[str], typer.Argument(help="Files to import.")],
    out: Annotated[Path, typer.Option(help="Folder that the mappings are written to.")],
    options: Annotated[
        list[str] | None, typer.Option("--set", help="Setting of the importer: `NAME=value`; repeatable.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="`text` or `json`.")] = "text",
) -> None:
    """Import mappings from files of another kind, and say which points were left, and why.

    Kinds: `sunspec` (model files, `model_701.json`, or their numbers, `701`), `csv` (register tables), `scl`
    (IEC 61850), `ocpp`, `s2` and `spine` (JSON messages), `dlms` and `bacnet` (object lists in CSV). Each
    mapping is checked before it is written.

    Exit code 0: all conform; 1: something was not imported or does not conform; 2: wrong usage or
    environment.

    Examples: `flexkg devices import sunspec 701 704 --out mappings`,
    `flexkg devices import csv registers.csv --out mappings --set HOST=192.0.2.7`
    """
    import json

    from kg.devices.importers import import_files
    from kg.render import printable

    _one_of("--format", output, ("text", "json"))
    settings = {}
    for pair in options or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} is no setting", where="--set", cure="write NAME=value")
        settings[name] = value
    wrong = False
    for result in import_files(kind, files, settings, out):
        wrong |= not result.conforms
        print(
            json.dumps(result.as_dict(), ensure_ascii=False)
            if output == "json"
            else printable(result.summary())
        )
        if output == "text":
            for line in result.lines():
                print(printable(f"  {line}"))
    if wrong:
        raise typer.Exit(1)


@devices_app.command()
def suggest(
    file: Annotated[
        Path, typer.Argument(help="JSON file with what a discovery saw: a record or a list of them.")
    ],
    models: Annotated[
        list[str] | None, typer.Option(help="Folders with further Thing Models; repeatable.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="`text` or `json`.")] = "text",
) -> None:
    """Rank the mappings for what a discovery saw, with a reason for each; `none` where nothing fits.

    Exit code 0: each record has a candidate; 1: one has none; 2: wrong usage or environment.

    Example: `flexkg devices suggest discovery.json`
    """
    import json

    from kg.devices.documents import parse, read_file
    from kg.devices.models import shipped
    from kg.devices.sites import find
    from kg.devices.suggestions import records
    from kg.devices.suggestions import suggest as rank
    from kg.render import printable

    _one_of("--format", output, ("text", "json"))
    known = dict(shipped())
    for path in find(models) if models else ():
        document = read_file(path)
        if document.is_model:
            known[path.name.partition(".tm.")[0]] = document
    missing = False
    for record in records(parse(file.read_bytes())):
        found = rank(record, known)
        missing |= not found
        if output == "json":
            print(json.dumps([one.as_dict() for one in found], ensure_ascii=False))
            continue
        print(found[0].model if found else "none")
        for one in found:
            print(printable(f"  {one.score} {one.model}: {'; '.join(one.reasons)}"))
    if missing:
        raise typer.Exit(1)


@devices_app.command()
def graph(
    file: Annotated[Path, typer.Argument(help="A mapping.")],
    output: Annotated[str, typer.Option("--format", help="`turtle`, `nt` or `jsonld`.")] = "turtle",
) -> None:
    """Show the graph of a mapping: what it says, and what follows from it.

    Example: `flexkg devices graph hp-3.td.jsonld --format nt`
    """
    from kg.devices.documents import read_file
    from kg.devices.graph import graph as graph_of
    from kg.graphs.formats import write_graph

    _one_of("--format", output, ("turtle", "nt", "jsonld"))
    print(write_graph(graph_of(read_file(file)), output).rstrip("\n"))
