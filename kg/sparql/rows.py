"""An answer that the columns gave wholly, written as the graph's engine writes one."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from kg.errors import QueryError
from kg.graphs import GraphStore, lexical
from kg.literals import string
from kg.sparql.observations.forms import IRI, STRING, TERM
from kg.sparql.observations.table import Column, Table


class Rows:
    """The rows of a SELECT, as a ``kg.graphs.Answer``.

    Args:
        table: the rows.
        graphs: writes them in media types other than CSV and JSON.
    """

    kind: Literal["select", "ask", "graph"] = "select"

    def __init__(self, table: Table, graphs: GraphStore) -> None:
        self._table, self._graphs = table, graphs

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns, without ``?``."""
        return tuple(name[1:] for name in self._table.columns)

    def __iter__(self) -> Iterator[tuple[str | None, ...]]:
        return zip(*(_terms(column) for column in self._table.columns.values()), strict=True)

    def __bool__(self) -> bool:
        raise QueryError("only an ASK is true or false", cure="go through its rows")

    def serialize(self, media_type: str) -> bytes:
        """Write the answer in a media type; see ``kg.graphs.Answer.serialize``."""
        if media_type == "text/csv":
            return self._csv()
        if media_type in ("application/sparql-results+json", "application/json"):
            return self._json()
        names = " ".join(self._table.columns)
        rows = "\n".join(f"({' '.join(term or 'UNDEF' for term in row)})" for row in self)
        text = f"SELECT {names} {{ VALUES ({names}) {{ {rows} }} }}"
        return self._graphs.query(text, default_graph=[], named_graphs=[]).serialize(media_type)

    def _csv(self) -> bytes:
        columns = [_texts(column) for column in self._table.columns.values()]
        lines = [",".join(self.variables), *map(",".join, zip(*columns, strict=True)), ""]
        return "\r\n".join(lines).encode()

    def _json(self) -> bytes:
        columns = [_objects(column) for column in self._table.columns.values()]
        bindings = [
            {name: cell for name, cell in zip(self.variables, row, strict=True) if cell is not None}
            for row in zip(*columns, strict=True)
        ]
        told = {"head": {"vars": list(self.variables)}, "results": {"bindings": bindings}}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _terms(column: Column) -> Sequence[str | None]:
    """Give cells as N-Triples terms."""
    return column.spread(_spelt(column))


def _spelt(column: Column) -> Sequence[str | None]:
    if column.datatype == TERM:
        return column.cells
    if column.datatype == IRI:
        return [None if cell is None else f"<{cell}>" for cell in column.cells]
    if column.datatype == STRING:
        return [None if cell is None else string(cell) for cell in column.cells]
    end = f'"^^<{column.datatype}>'
    return [None if cell is None else f'"{cell}{end}' for cell in column.cells]


def _texts(column: Column) -> Sequence[str]:
    """Give cells as CSV has them."""
    if column.datatype in (TERM, IRI, STRING):
        terms = _spelt(column)
        known = {term: _text(term) for term in set(terms)}
        return column.spread([known[term] for term in terms])
    return column.spread([cell or "" for cell in column.cells])


def _text(term: str | None) -> str:
    if term is None:
        return ""
    text = term[1:-1] if term[0] == "<" else lexical(term)
    quoted = any(sign in text for sign in ',"\r\n')
    return '"{}"'.format(text.replace('"', '""')) if quoted else text


def _objects(column: Column) -> Sequence[dict[str, Any] | None]:
    """Give cells as SPARQL's JSON has them."""
    terms = _spelt(column)
    known = {term: _object(term) for term in set(terms)}
    return column.spread([known[term] for term in terms])


def _object(term: str | None) -> dict[str, Any] | None:
    if term is None:
        return None
    if term[0] == "<":
        return {"type": "uri", "value": term[1:-1]}
    end = term[term.rindex('"') + 1 :]
    made = {"type": "literal", "value": lexical(term)}
    if end.startswith("^^"):
        made["datatype"] = end[3:-1]
    elif end:
        made["xml:lang"] = end[1:]
    return made
