"""Answers to queries as a table for people, as CSV and as SPARQL JSON."""

import re
import sys

from kg.graphs import Answer
from kg.namespaces import PREFIXES
from kg.render import printable

_ESCAPE = re.compile(r"\\(.)")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def render(answer: Answer, form: str) -> str:
    """Write an answer for the command line.

    Args:
        answer: what the store gave; it is read once.
        form: ``"table"``, ``"csv"`` or ``"json"``.
    """
    if answer.kind == "graph":
        media = (
            "text/turtle"
            if form == "table"
            else "application/ld+json"
            if form == "json"
            else "application/n-triples"
        )
        return answer.serialize(media).decode().rstrip("\n") + "\n"
    if form == "json":
        return answer.serialize("application/sparql-results+json").decode() + "\n"
    if answer.kind == "ask":
        return ("yes" if answer else "no") + "\n"
    if form == "csv":
        return answer.serialize("text/csv").decode().replace("\r\n", "\n")
    return _table(answer)


def _table(answer: Answer) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(*answer.variables, box=SIMPLE_HEAD)
    count = 0
    for row in answer:
        table.add_row(*(printable(_shown(term)) for term in row))
        count += 1
    wide = None if sys.stdout.isatty() else 10_000  # nothing is cut where a program or a file reads
    console = Console(markup=False, highlight=False, width=wide)
    with console.capture() as capture:
        console.print(table)
        console.print(f"{count} row{'' if count == 1 else 's'}")
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines() if line.strip())


def _shown(term: str | None) -> str:
    """Write a term for people: prefixed names, literals without their datatype."""
    if term is None:
        return ""
    if term.startswith("<"):
        iri = term[1:-1]
        for prefix, base in sorted(PREFIXES.items(), key=lambda item: -len(item[1])):
            if iri.startswith(base):
                return f"{prefix}:{iri[len(base) :]}"
        return iri
    if term.startswith('"'):
        body = term[1 : term.rindex('"')]
        return _ESCAPE.sub(lambda match: _PLAIN.get(match[1], match[0]), body)
    return term
