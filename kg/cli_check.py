"""flexkg check: the command that checks payloads. What it does is in the library."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.errors import UsageError
from kg.inbox import Reading

if TYPE_CHECKING:
    from kg.report import Report

_FORMATS = ("text", "json", "junit", "turtle")


def check(
    paths: Annotated[
        list[str], typer.Argument(help="Payload files, folders of them, or `-` for standard input.")
    ],
    profile: Annotated[
        str, typer.Option(help="Strictness: `core`, `strict` or a profile file.", envvar="FLEXKG_PROFILE")
    ] = "core",
    engine: Annotated[
        str,
        typer.Option(
            help="SHACL engine: `compiled` (fastest), `shacl` or `pyshacl` (reference).",
            envvar="FLEXKG_ENGINE",
        ),
    ] = "compiled",
    jobs: Annotated[int, typer.Option(min=0, help="Processes that check; 0 for one for each processor.")] = 1,
    output: Annotated[str, typer.Option("--format", help="`text`, `json`, `junit` or `turtle`.")] = "text",
    context: Annotated[
        list[Path] | None,
        typer.Option(
            help="Earlier messages (`*.xml`, `*.json`), graphs (`*.ttl`, `*.nt`) or folders; repeatable."
        ),
    ] = None,
    now: Annotated[
        str, typer.Option(help="Compare times with this one, for example `2026-11-23T17:00:00Z`, or `now`.")
    ] = "",
    standard: Annotated[
        str,
        typer.Option(help="Accept this OpenADR profile only, for example `2.0b`; else each is told apart."),
    ] = "",
    max_bytes: Annotated[
        int,
        typer.Option(min=1, help="Largest payload accepted, in bytes.", envvar="FLEXKG_MAX_PAYLOAD_BYTES"),
    ] = 1_048_576,
) -> None:
    """Check payloads: schema, structure and meaning; with `--context` also against earlier messages.

    Exit code 0: all conform; 1: something does not; 2: wrong usage or environment.

    Examples: `flexkg check event.xml`, `flexkg check inbox/ --format json`, `cat event.xml | flexkg check -`,
    `flexkg check readings.xml --context register.xml`
    """
    from kg.crew import Crew, Orders
    from kg.payloads import find
    from kg.render import as_json, as_junit, as_text, as_turtle
    from kg.times import asked_time
    from kg.verdict import unopened

    if output not in _FORMATS:
        raise UsageError(f"{output!r} is no value of --format", cure=f"use one of {', '.join(_FORMATS)}")
    time = asked_time(now, "--now")
    crew = Crew(Orders(profile, engine, max_bytes, standard, tuple(context or ()), time), jobs)
    read = Reading(find(paths), max_bytes)
    tally = {"conforms": 0, "violates": 0, "unreadable": 0}

    def reports() -> "Iterator[tuple[str, Report]]":
        for name, data, report in crew.reports(read.each()):
            if isinstance(data, UsageError) or report is None:
                if output != "text":  # a person has read the reason on standard error
                    assert isinstance(data, UsageError)
                    yield name, unopened(Path(name).absolute().as_uri(), data)
                continue
            tally[report.verdict] += 1
            if output == "text":
                print(as_text(name, report, data))
            yield name, report

    if output == "junit":
        sys.stdout.writelines(as_junit(reports()))
    elif output == "turtle":
        shapes = {rule.id: rule.shape for rule in crew.checker.shapes.rules.values()}
        sys.stdout.writelines(as_turtle(reports(), lambda rule: shapes.get(rule, "")))
    else:
        for name, report in reports():
            if output == "json":
                print(as_json(name, report))
        if output == "text" and sum(tally.values()) > 1:
            print(", ".join(f"{count} {verdict}" for verdict, count in tally.items() if count))
    read.finish(tally["violates"] + tally["unreadable"])
