"""Stored queries: ``queries/<name>.rq``, each with a header that says what it answers and what it takes.

The header is YAML in lines that begin with ``#+``: ``summary``, and ``params`` with a ``type`` (an ``xsd:``
name or ``iri``), a ``description`` and perhaps a ``default`` for each. A parameter is a variable that the
query projects; its value is bound by the engine, the text is never changed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from kg import assets
from kg.errors import AssetError, QueryError
from kg.literals import CONVERTERS
from kg.namespaces import PREFIXES, XSD

_NAME = re.compile(r"\w[\w-]*")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]*")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a stored query: its type is an ``xsd:`` local name or ``iri``."""

    name: str
    type: str
    description: str = ""
    default: str | None = None

    def term(self, text: str) -> str:
        """Write a value of this parameter as an N-Triples term.

        Raises:
            QueryError: the text is no value of the parameter's type.
        """
        if self.type == "iri":
            prefix, colon, local = text.partition(":")
            full = PREFIXES[prefix] + local if colon and prefix in PREFIXES else text
            if _IRI.fullmatch(full):
                return f"<{full}>"
        else:
            term = CONVERTERS[XSD + self.type](text)
            if self.type == "string" or "^^" in term:
                return term
        raise QueryError(
            f"{text!r} is no {self.type}",
            where=f"parameter {self.name}",
            cure=f"give a value such as {_EXAMPLES[self.type]}",
        )


_EXAMPLES = {
    "iri": "https://w3id.org/flexkg/id/party/VEN-1",
    "string": "VEN-1",
    "dateTime": "2026-01-31T17:00:00Z",
    "integer": "5",
    "decimal": "1.5",
    "boolean": "true",
    "duration": "PT15M",
    "anyURI": "https://program.example",
}


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """A stored query.

    Attributes:
        name: name of its file without the ending.
        summary: one sentence: what it answers.
        text: the SPARQL query.
        parameters: what it takes, by name.
        subjects: its column with the number of subjects that a row puts together; empty where it shows single
            ones. Rows of many are for whoever has no mandate.
    """

    name: str
    summary: str
    text: str
    parameters: dict[str, Parameter] = field(default_factory=dict)
    subjects: str = ""

    def bindings(self, values: Mapping[str, str]) -> dict[str, str]:
        """Turn parameter values into bindings for the engine.

        Args:
            values: text by parameter name.

        Returns:
            N-Triples terms by variable name; defaults filled in, parameters without a value left free.

        Raises:
            QueryError: a parameter has no such name, or a value is not of its type.
        """
        for name in values:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise QueryError(f"{self.name} has no parameter {name!r}", cure=f"it takes: {known}")
        found = {}
        for parameter in self.parameters.values():
            text = values.get(parameter.name, parameter.default)
            if text is not None:
                found[parameter.name] = parameter.term(text)
        return found


def stored_queries(extra: Iterable[Path] = ()) -> dict[str, StoredQuery]:
    """Read the stored queries that are shipped, and those of further folders.

    Raises:
        AssetError: a file has no proper header.
    """
    files = [*assets.files("queries", "*.rq"), *(p for folder in extra for p in sorted(folder.glob("*.rq")))]
    return {query.name: query for query in map(_current, files)}


def stored_query(name: str, extra: Iterable[Path] = ()) -> StoredQuery:
    """Give one stored query; of several files with its name the one that ``stored_queries`` reads last.

    Raises:
        QueryError: no query has that name; lists those that there are (code ``unknown-query``).
        AssetError: its file has no proper header.
    """
    extra = [*extra]
    if _NAME.fullmatch(name):
        for folder in (*reversed(extra), *reversed(assets.bases("queries"))):
            path = folder / f"{name}.rq"
            if path.is_file():
                return _current(path)
    found = stored_queries(extra)
    if name not in found:
        raise QueryError(
            f"no stored query is called {name!r}",
            cure=f"use one of: {', '.join(sorted(found))}",
            code="unknown-query",
        )
    return found[name]


def _current(path: Path) -> StoredQuery:
    """Read a file, unless it is as it was when it was read last."""
    state = path.stat()
    return _read(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1024)
def _read(path: Path, _changed: int, _size: int) -> StoredQuery:
    text = assets.text(path)
    header = "\n".join(line[2:] for line in text.splitlines() if line.startswith("#+"))
    try:
        meta: Any = yaml.safe_load(header)
        parameters = {
            name: Parameter(
                name,
                str(spec["type"]).removeprefix("xsd:"),
                str(spec.get("description", "")),
                _text(spec.get("default")),
            )
            for name, spec in (meta.get("params") or {}).items()
        }
        wrong = [p for p in parameters.values() if p.type not in _EXAMPLES]
        if wrong:
            raise ValueError(f"parameter {wrong[0].name} has the unknown type {wrong[0].type}")
        return StoredQuery(path.stem, str(meta["summary"]), text, parameters, str(meta.get("subjects", "")))
    except (yaml.YAMLError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise AssetError(
            f"the stored query has no proper header: {error}",
            where=str(path),
            cure="begin it with `#+ summary: ...`",
        ) from error


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
