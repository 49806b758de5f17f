"""flexkg devices instantiate, import, suggest: how one comes by a mapping. The work is done in kg/devices."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kg.cli_devices import devices_app as devices_app
from kg.cli_devices import one_of
from kg.errors import UsageError


def instantiate(
    model: Annotated[str, typer.Argument(help="A Thing Model, or the name of a shipped one.")],
    iri: Annotated[str, typer.Option("--id", help="IRI of the device, for example `urn:dev:hp-3`.")],
    values: Annotated[
        list[str] | None, typer.Option("--set", help="Placeholder and value: `HOST=192.0.2.7`; repeatable.")
    ] = None,
    resource: Annotated[str, typer.Option(help="Name of the resource that the device is behind.")] = "",
    models: Annotated[
        str, typer.Option(help="SunSpec models of the device in their order: `1 103 160:128 123`.")
    ] = "",
    start: Annotated[
        int, typer.Option(min=0, max=65_531, help="Address of the marker SunS, with `--models`.")
    ] = 40000,
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
) -> None:
    """Make the Thing Description of one device from a Thing Model: fill in its placeholders, check, write.

    Exit code 0: written; 1: it does not conform, and is not written; 2: wrong usage or environment.

    Example: `flexkg devices instantiate generic-heat-pump --id urn:dev:hp-3 --set HOST=192.0.2.7 --set
    PORT=502 --set UNIT=1 --out hp-3.td.jsonld`
    """
    from dataclasses import replace

    from kg.devices.check import check as check_mapping
    from kg.devices.models import find_model, instance, written
    from kg.devices.sunspec_layout import chain_of, placed
    from kg.render import as_text

    given = {}
    for pair in values or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} sets no placeholder", where="--set", cure="write NAME=value")
        given[name] = value
    found = find_model(model)
    if models:
        moved, left = placed(found.data, chain_of(models, start))
        found = replace(found, data=moved)
        if left:
            print(f"left, since the device has not their models: {', '.join(left)}", file=sys.stderr)
    text = written(instance(found, iri, given, resource))
    name = str(out) if out is not None else iri
    report = check_mapping(text.encode(), name)
    if not report.conforms:
        print(as_text(name, report), file=sys.stderr)
        print(f"nothing was written{'' if out is None else f' to {out}'}", file=sys.stderr)
        raise typer.Exit(1)
    if out is None:
        sys.stdout.write(text)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")


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
    `flexkg devices import csv registers.csv --out mappings --set TITLE=Battery`
    """
    import json

    from kg.devices.importers import import_files
    from kg.render import printable

    one_of("--format", output, ("text", "json"))
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


def suggest(
    file: Annotated[
        Path, typer.Argument(help="JSON file with records or messages of devices, one or a list.")
    ],
    models: Annotated[
        list[str] | None, typer.Option(help="Folders with further Thing Models; repeatable.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="`text` or `json`.")] = "text",
) -> None:
    """Rank the mappings for what a discovery saw, with a reason for each; `none` where nothing fits.

    A record has any of `protocol`, `version`, `manufacturer`, `model`, `kind`, `models`, `obis`,
    `nodeClasses`, `controlTypes`, `useCases`, `objectTypes`. BootNotification (OCPP), detailed discovery and
    use cases (SPINE) and ResourceManagerDetails (S2) are taken as they come.

    Exit code 0: each record has a candidate; 1: one has none; 2: wrong usage or environment.

    Example: `flexkg devices suggest discovery.json`
    """
    import json

    from kg.devices.discovery import records
    from kg.devices.documents import parse_file, read_file
    from kg.devices.models import shipped
    from kg.devices.sites import find
    from kg.devices.suggestions import next_step
    from kg.devices.suggestions import suggest as rank
    from kg.render import printable

    one_of("--format", output, ("text", "json"))
    known = dict(shipped())
    for path in find(models) if models else ():
        if path.suffix == ".csv":
            continue
        document = read_file(path)
        if document.is_model:
            known[path.name.partition(".tm.")[0]] = document
    missing = False
    for where, record in records(parse_file(file)):
        found = rank(record, known, where)
        missing |= not found
        if output == "json":
            print(json.dumps([one.as_dict() for one in found], ensure_ascii=False))
            continue
        print(found[0].model if found else "none")
        for one in found:
            print(printable(f"  {one.score} {one.model}: {'; '.join(one.reasons)}"))
        if found:
            print(printable(f"  then: {next_step(found[0].model, known, record)}"))
    if missing:
        raise typer.Exit(1)


devices_app.command("import")(import_)
devices_app.command()(instantiate)
devices_app.command()(suggest)
