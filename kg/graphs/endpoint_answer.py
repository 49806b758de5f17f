"""What a SPARQL endpoint answered, as GraphStore speaks of answers."""

import json
import re
from collections.abc import Iterator
from typing import Final, Literal

import pyoxigraph as ox

from kg.errors import QueryError, StoreUnavailable

RESULTS: Final = "application/sparql-results+json"
TRIPLES: Final = "application/n-triples"


_NODE: Final = re.compile(rb'"value"\s*:\s*"nodeID://')


class EndpointAnswer:
    """An answer that is here as a whole, to be read once; see ``kg.graphs.Answer``.

    Args:
        body: the bytes.
        media_type: what they are in.

    Raises:
        StoreUnavailable: they are in no form that was asked for.
    """

    def __init__(self, body: bytes, media_type: str) -> None:
        self._result: ox.QuerySolutions | ox.QueryBoolean | list[ox.Triple]
        try:
            if media_type in (RESULTS, "application/json"):
                # Virtuoso's names of blank nodes are none, and it answers ASK with a row or none
                body = _NODE.sub(b'"value": "', body)
                if b'"__ASK_RETVAL"' in body[:200]:
                    yes = bool(json.loads(body)["results"]["bindings"])
                    body = json.dumps({"head": {}, "boolean": yes}).encode()
                self._result = ox.parse_query_results(body, ox.QueryResultsFormat.JSON)
            else:
                form = ox.RdfFormat.from_media_type(media_type) or ox.RdfFormat.N_TRIPLES
                self._result = [quad.triple for quad in ox.parse(body, form)]
        except (SyntaxError, ValueError) as error:
            raise StoreUnavailable(
                f"the endpoint's answer cannot be read ({media_type or 'no media type'}): {error}",
                cure="see its log",
            ) from error

    @property
    def kind(self) -> Literal["select", "ask", "graph"]:
        """Rows of bindings, yes or no, or triples."""
        if isinstance(self._result, list):
            return "graph"
        return "ask" if isinstance(self._result, ox.QueryBoolean) else "select"

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns of a SELECT, without ``?``."""
        if isinstance(self._result, ox.QuerySolutions):
            return tuple(variable.value for variable in self._result.variables)
        return ()

    def __iter__(self) -> Iterator[tuple[str | None, ...]]:
        if isinstance(self._result, list):
            for triple in self._result:
                yield str(triple.subject), str(triple.predicate), str(triple.object)
        elif isinstance(self._result, ox.QuerySolutions):
            width = range(len(self._result.variables))
            for row in self._result:
                yield tuple(None if row[n] is None else str(row[n]) for n in width)
        else:
            raise QueryError("an ASK has no rows", cure="use bool() on its answer")

    def __bool__(self) -> bool:
        if not isinstance(self._result, ox.QueryBoolean):
            raise QueryError("only an ASK is true or false", cure="go through its rows")
        return bool(self._result)

    def serialize(self, media_type: str) -> bytes:
        """Write the answer in a media type; see ``kg.graphs.Answer.serialize``."""
        written: bytes | None = None
        if isinstance(self._result, list):
            triples = ox.RdfFormat.from_media_type(media_type)
            written = ox.serialize(self._result, format=triples) if triples else None
        else:
            rows = ox.QueryResultsFormat.from_media_type(media_type)
            written = self._result.serialize(format=rows) if rows else None
        if written is None:
            raise QueryError(
                f"a {self.kind} answer has no form {media_type}", cure="ask for another media type"
            )
        return written
