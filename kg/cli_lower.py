"""flexkg lower: the command that writes a payload from its graph. What it does is in the library."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError
from kg.terminal import tell


def lower(
    file: Annotated[
        Path, typer.Argument(help="A graph: Turtle, N-Triples, RDF/XML or JSON-LD; `-`: standard input.")
    ],
    message: Annotated[
        str | None, typer.Option(help="IRI of the message, where the graph holds several.")
    ] = None,
    standard: Annotated[str, typer.Option(help="OpenADR profile to write: `2.0b` or `2.0a`.")] = "2.0b",
) -> None:
    """Write the payload that a graph means: what `flexkg lift` does, backwards.

    What the payload has no place for is told on standard error.

    Examples: `flexkg lower event.ttl > event.xml`, `flexkg lift event.xml | flexkg lower -`
    """
    from kg.lower import lowered
    from kg.rdf import read_file, read_text

    if str(file) == "-":
        try:
            triples = read_text(sys.stdin.buffer.read().decode("utf-8"), file)
        except UnicodeDecodeError as error:
            raise UsageError(
                "the graph is not UTF-8", where=f"byte {error.start}", cure="send UTF-8"
            ) from error
    elif file.is_file():
        triples = read_file(file)
    else:
        raise UsageError("no such file", where=str(file), cure="check the path")
    written = lowered("".join(f"{triple} .\n" for triple in triples), message, profile=standard)
    sys.stdout.write(written.data.decode("utf-8"))
    for node, predicate in written.left:
        tell(f"the payload has no place for {predicate} of {node}")
