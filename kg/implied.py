"""What properties of a node imply: tables of a mapping file, read forwards by lift and backwards by convert.

A table is a CSV file. Columns with ``?`` in front are conditions, the others what follows; each is a
property, or a path of two. A cell is a concept (``vocab:signalName/SIMPLE``), a text, ``*`` for any value or
none, or ``=path`` for the value of that path. An empty condition asks that there is no value.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kg.errors import AssetError
from kg.facts import Facts
from kg.literals import string
from kg.namespaces import FLEX, PREFIXES, RDF, XSD
from kg.yarrrml import MappingFile

#: Subject, predicate and object as N-Triples.
Fact = tuple[str, str, str]
_TYPE = f"<{RDF}type>"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: paths of the conditions, paths of what follows, rows of cells as N-Triples terms."""

    conditions: tuple[tuple[str, ...], ...]
    results: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def implied(source: MappingFile, facts: Facts) -> list[Fact]:
    """List the facts that follow from those given.

    Args:
        source: the mapping file; its block ``flexkg`` names tables under ``implied``.
        facts: a graph.
    """
    out: list[Fact] = []
    for name in source.settings.get("implied", ()):
        table = load(source.path.parent / name)
        for subject in facts:
            if all(first in facts[subject] for first, *_ in table.conditions[:1]):
                out += _apply(table, facts, subject)
    return out


def values(facts: Facts, subject: str, path: tuple[str, ...]) -> list[str]:
    """List the objects at the end of a path."""
    found = [subject]
    for predicate in path:
        found = [item for node in found for item in facts.get(node, {}).get(predicate, ())]
    return found


def _apply(table: Table, facts: Facts, subject: str) -> Iterator[Fact]:
    for conditions, results in table.rows:
        if not all(
            _fits(values(facts, subject, path), cell)
            for path, cell in zip(table.conditions, conditions, strict=True)
        ):
            continue
        yield from written(facts, subject, table.results, results)
        return


def written(
    facts: Facts, subject: str, paths: tuple[tuple[str, ...], ...], cells: tuple[str, ...]
) -> Iterator[Fact]:
    """State what a row says of a node; a path of two makes the node between."""
    made: set[str] = set()
    for path, cell in zip(paths, cells, strict=True):
        found = values(facts, subject, _path(cell[1:])) if cell.startswith("=") else [cell] if cell else []
        for value in found[:1]:
            node = subject
            if len(path) == 2:
                local = path[0].rpartition("#")[2].removesuffix(">")
                node = f"{subject[:-1]}/{local}/0>"
                if node not in made:
                    made.add(node)
                    yield subject, path[0], node
                    yield node, _TYPE, f"<{FLEX}{local[0].upper()}{local[1:]}>"
                    yield node, f"<{FLEX}position>", f'"0"^^<{XSD}integer>'
            yield node, path[-1], value


def _fits(found: list[str], cell: str) -> bool:
    return cell == "*" or (cell in found if cell else not found)


@lru_cache(maxsize=16)
def load(path: Path) -> Table:
    """Read a table.

    Raises:
        AssetError: it cannot be read, a name has no known prefix, or a row has too many or too few cells.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise AssetError("the table cannot be read", where=str(path), cure="mend the file") from error
    used = [place for place, name in enumerate(head) if name != "source"]
    asked = [place for place in used if head[place].startswith("?")]
    made = [place for place in used if place not in asked]
    out = []
    for number, row in enumerate(rows, 2):
        if len(row) != len(head):
            raise AssetError(
                f"the row has {len(row)} cells, not {len(head)}",
                where=f"{path}:{number}",
                cure="mend the row",
            )
        out.append((tuple(_cell(row[i]) for i in asked), tuple(_cell(row[i]) for i in made)))
    return Table(tuple(_path(head[i][1:]) for i in asked), tuple(_path(head[i]) for i in made), tuple(out))


def _path(text: str) -> tuple[str, ...]:
    return tuple(_iri(name) for name in text.split("/"))


def _iri(text: str) -> str:
    prefix, _, local = text.partition(":")
    if prefix not in PREFIXES:
        raise AssetError(f"the prefix of {text!r} is not known", cure="use flex: or vocab:")
    return f"<{PREFIXES[prefix]}{local}>"


def _cell(text: str) -> str:
    if text in ("", "*") or text.startswith("="):
        return text
    return _iri(text) if text.partition(":")[0] in PREFIXES else string(text)
