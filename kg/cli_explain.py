"""flexkg explain: the command that says in words what a payload means. What it does is in the library."""

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.errors import UnreadablePayload, UsageError

if TYPE_CHECKING:
    from kg.lift import Lifted


def explain(
    file: Annotated[str, typer.Argument(help="A payload file, or `-` for standard input.")],
    context: Annotated[
        list[str] | None,
        typer.Option(help="Payloads or folders that register what the report reports; may be repeated."),
    ] = None,
    bindings: Annotated[
        Path | None, typer.Option(help="Folder of binding tables of your own.", envvar="FLEXKG_BINDINGS")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="`text` or `json`.")] = "text",
    max_bytes: Annotated[
        int,
        typer.Option(min=1, help="Largest payload accepted, in bytes.", envvar="FLEXKG_MAX_PAYLOAD_BYTES"),
    ] = 1_048_576,
) -> None:
    """Say each value of a payload as a sentence: quantity, unit, direction, span, resource, and origins.

    Exit code 0: every value has a meaning; 1: one has none; 2: wrong usage or environment.

    Example: `flexkg explain report.xml --context registrations/`
    """
    from kg.explain import explain as meanings
    from kg.payloads import find

    if output not in ("text", "json"):
        raise UsageError(f"{output!r} is no value of --format", cure="use one of text, json")
    if bindings is not None and not bindings.is_dir():
        raise UsageError("no such folder", where=str(bindings), cure="name a folder with binding tables")
    sources = list(islice(find([file]), 2))
    if len(sources) != 1:
        raise UsageError("one payload is asked for", where=file, cure="name a file")
    payload = _lifted(sources[0].data(max_bytes), file, max_bytes)
    held = ((s, s.data(max_bytes)) for s in find(context or []))
    earlier = [_lifted(data, s.name, max_bytes) for s, data in held if not s.passed_over(data)]
    incomplete = count = 0
    for meaning in meanings(payload, earlier, bindings):
        count += 1
        incomplete += not meaning.binding.complete
        if output == "json":
            print(json.dumps(meaning.as_dict(), ensure_ascii=False))
        else:
            print(meaning.sentence(), *(f"    {line}" for line in meaning.origins()), sep="\n")
    if output == "text" and not count:
        print(f"{payload.message_type} carries no values.")
    if incomplete:
        raise typer.Exit(1)


def _lifted(data: bytes, name: str, max_bytes: int) -> "Lifted":
    """Lift one payload; what cannot be read or is not valid against the schema is told."""
    from kg.meanings import lifted

    try:
        return lifted(data, max_bytes)
    except UnreadablePayload as error:
        if error.code != "schema":
            raise
        raise UsageError(error.what, where=f"{name}, {error.where}", cure="run flexkg check") from error
