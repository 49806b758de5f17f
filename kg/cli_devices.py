"""flexkg devices: the commands on device mappings. What they do is in kg/devices."""

from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError

devices_app = typer.Typer(
    no_args_is_help=True,
    help="Device mappings: check, import, suggest, the check before dispatch.",
)


@devices_app.command()
def check(
    paths: Annotated[
        list[str],
        typer.Argument(help="Mappings (`*.td.jsonld`), site files, strategies, or folders of them."),
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

    one_of("--format", output, ("text", "json"))
    tally = {"conforms": 0, "violates": 0, "unreadable": 0}
    for name, report in check_files(find(paths), engine=engine):
        tally[report.verdict] += 1
        print(as_json(name, report) if output == "json" else as_text(name, report))
    if output == "text" and sum(tally.values()) > 1:
        print(", ".join(f"{count} {verdict}" for verdict, count in tally.items() if count))
    if tally["violates"] or tally["unreadable"]:
        raise typer.Exit(1)


def one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a value of an option that it has not."""
    if value not in allowed:
        raise UsageError(f"{value!r} is no value of {option}", cure=f"use one of {', '.join(allowed)}")


Site = Annotated[
    list[str],
    typer.Option(
        "--site", help="Mappings and site files, or folders of them; repeatable.", envvar="FLEXKG_DEVICES"
    ),
]


@devices_app.command(context_settings={"ignore_unknown_options": True})  # a value may begin with -
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
    `flexkg devices command BATTERY -5000 --point setpoint --site site/`
    """
    import json

    from kg.devices.commands import check_command
    from kg.devices.documents import parse_file
    from kg.devices.requests import read_request
    from kg.devices.sites import load_site
    from kg.render import printable

    one_of("--format", output, ("text", "json"))
    found = load_site(site)
    body = parse_file(situation) if situation is not None else {}
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
        for iri in found.devices_with(last, owner, resource):
            body.setdefault("readings", {}).setdefault(iri, {})[last] = number
    name, asked, moment, known = read_request(body)
    found.look_up(known)
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


@devices_app.command()
def graph(
    paths: Annotated[list[str], typer.Argument(help="A mapping; or the files or folder of a site.")],
    output: Annotated[str, typer.Option("--format", help="`turtle`, `nt` or `jsonld`.")] = "turtle",
) -> None:
    """Show the graph of a mapping, or of a site as `load` puts it into a store: all that it says and implies.

    Examples: `flexkg devices graph hp-3.td.jsonld --format nt`, `flexkg devices graph site/`
    """
    from kg.devices.documents import read_file
    from kg.devices.graph import graph as graph_of
    from kg.devices.site_graph import documents_of, site_lines
    from kg.devices.sites import find, load_site
    from kg.graphs.formats import write_graph

    one_of("--format", output, ("turtle", "nt", "jsonld"))
    files = find(paths)
    if len(files) == 1 and Path(paths[0]).is_file():
        text = graph_of(read_file(files[0]))
    else:
        text = "".join(f"{line}\n" for line in site_lines(documents_of(files), load_site(paths)))
    print(write_graph(text, output).rstrip("\n"))


@devices_app.command()
def load(
    paths: Annotated[list[str], typer.Argument(help="Mappings and site files, or the folder of a site.")],
    store: Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")],
) -> None:
    """Load the mappings of a site into a store, in place of those that it had, for queries to read.

    They become the graph `https://w3id.org/flexkg/graph/devices`. The change is a row of the journal, so that
    a rebuild makes it again. What does not conform is not loaded.

    Examples: `flexkg devices load site/ --store ./store`, then `flexkg query resource-commands --store store`
    """
    from kg.devices.site_graph import DEVICES, documents_of, site_lines
    from kg.devices.sites import find, load_site
    from kg.service import Service
    from kg.settings import load_settings
    from kg.sparql.updates import graph_update

    site = load_site(paths)
    if not site.things:
        raise UsageError(
            "there is no device: a Thing Model is none",
            where=", ".join(paths),
            cure="make one of it first: flexkg devices instantiate",
        )
    lines = site_lines(documents_of(find(paths)), site)
    with Service(load_settings(store=store)) as service:
        seq = service.store.update(graph_update(DEVICES, lines, replace=True), trial=None)
    print(f"{len(site.things)} devices, {len(site.resources)} resources, {len(lines)} triples: row {seq}")
