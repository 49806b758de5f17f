"""flexkg convert: the command that writes a payload in another standard. What it does is in the library."""

import sys
from itertools import islice
from typing import Annotated

import typer

from kg.errors import UsageError
from kg.terminal import REFUSED, tell


def convert(
    file: Annotated[str, typer.Argument(help="A payload file, or `-` for standard input.")],
    to: Annotated[str, typer.Option("--to", help="Standard to write: `2.0b`, `3.1` or `3.0`.")],
    vtn: Annotated[str, typer.Option("--vtn", help="vtnID, which 2.0b asks for and 3 does not have.")] = "",
    program: Annotated[str, typer.Option(help="programID to write in OpenADR 3.")] = "",
    hertz: Annotated[str, typer.Option(help="Frequency, which 2.0b states beside power; 0: DC.")] = "",
    voltage: Annotated[str, typer.Option(help="Voltage, which 2.0b states beside power.")] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where something is not carried over.")
    ] = False,
    max_bytes: Annotated[
        int,
        typer.Option(min=1, help="Largest payload accepted, in bytes.", envvar="FLEXKG_MAX_PAYLOAD_BYTES"),
    ] = 1_048_576,
) -> None:
    """Write an event or a report of OpenADR 2.0b in OpenADR 3, or the other way.

    The payload is checked first, and what is made of it too: nothing is written that breaks a rule. What had
    to be assumed, what could not be carried over and what is to be looked at stands on standard error. A
    message with several events becomes several objects, a line each. Exit code 0: converted; 1: the payload
    or what would be made of it breaks a rule, with the findings on standard error, or something was lost and
    `--strict` was given; 2: wrong usage or environment.

    Example: `flexkg convert event.xml --to 3.1 > event.json`
    """
    from kg.conversion import ConversionRefused
    from kg.convert import convert as converted
    from kg.convert import notes
    from kg.payloads import find
    from kg.render import as_text

    sources = list(islice(find([file]), 2))
    if len(sources) != 1:
        raise UsageError("one payload is asked for", where=file, cure="name a file")
    given = {"vtn": vtn, "program": program, "hertz": hertz, "voltage": voltage}
    try:
        made = converted(sources[0].data(max_bytes), to, max_bytes=max_bytes, **given)
    except ConversionRefused as refused:
        tell(refused.what)
        print(as_text(file, refused.report, refused.source), file=sys.stderr)
        raise typer.Exit(REFUSED) from refused
    for payload in made.payloads:
        sys.stdout.buffer.write(payload + b"\n")
    for note in notes(made):
        tell(note)
    if strict and made.lost:
        raise typer.Exit(REFUSED)
