"""SPARQL updates of administrators, made ready for the journal.

What the journal holds is performed again at each rebuild: it must do the same each time. So an update says
itself which prefixes and base it means, and computes nothing that differs from run to run.
"""

from collections.abc import Iterator, Sequence

from kg.errors import QueryError
from kg.graphs import META
from kg.sparql.gate import TOKENS, Limits, place
from kg.sparql.prologue import declare

_OPERATIONS = frozenset(
    ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD", "WITH"),
)
_VARYING = frozenset(("NOW", "RAND", "UUID", "STRUUID"))
_NOT_SERVED = {"SERVICE": "service", "LOAD": "load"}
_IRI_BREAKS = frozenset('<>"{}|^`\\ \t\r\n')


def prepare(
    text: str,
    *,
    base: str,
    using: Sequence[str] = (),
    named: Sequence[str] = (),
    limits: Limits | None = None,
) -> tuple[str, int]:
    """Make an update ready to be recorded and performed.

    Args:
        text: SPARQL 1.1 Update as the administrator sent it.
        base: IRI against which relative ones are read where the text states none.
        using: ``using-graph-uri`` of the request.
        named: ``using-named-graph-uri`` of the request.
        limits: how large it may be.

    Returns:
        The update, and how many characters its first line has become longer.

    Raises:
        QueryError: it is no update, is too large, has SERVICE or LOAD, computes what differs from run to run,
            speaks of the graph in which the store keeps its books, or states a dataset twice.

    Source:
        SPARQL 1.1 Protocol, section 2.2.3.

    >>> prepare("INSERT DATA { <s> a flex:Event } ;", base="http://127.0.0.1/sparql")[0][:64]
    'BASE <http://127.0.0.1/sparql> PREFIX flex: <https://w3id.org/fl'
    """
    limits = limits or Limits(characters=1 << 20, tokens=1 << 19)
    if len(text) > limits.characters:
        raise QueryError(
            f"the update has {len(text):,} characters, more than the {limits.characters:,} allowed",
            cure="send it in parts",
            code="query-too-large",
        )
    end = 0
    depth = 0
    operation = based = False
    places: list[int] = []
    pending = ""
    for kind, word, at in _words(text):
        if kind == "open":
            depth += 1
            if depth > limits.depth:
                raise QueryError(
                    f"the update nests brackets more than {limits.depth} deep",
                    where=place(text, at),
                    cure="flatten it",
                    code="query-too-large",
                )
        elif kind == "close":
            depth -= 1
        elif kind == "iri" and word == f"<{META}>":
            raise QueryError(
                "the graph in which the store keeps its books is not written by updates",
                where=place(text, at),
                cure="leave it out",
                code="meta",
            )
        elif kind == "word":
            upper = word.upper()
            _refuse(upper, text, at)
            based |= upper == "BASE"
            if depth == 0:
                operation |= upper in _OPERATIONS
                if (using or named) and upper in ("USING", "WITH"):
                    raise QueryError(
                        f"the request states a dataset, and so does {upper}",
                        where=place(text, at),
                        cure="state it once",
                        code="dataset-twice",
                    )
                if upper == "WHERE" and (using or named):
                    if pending == "DELETE":
                        raise QueryError(
                            "DELETE WHERE takes no dataset",
                            where=place(text, at),
                            cure="write DELETE { ... } WHERE { ... }",
                            code="dataset",
                        )
                    places.append(at)
        if kind != "other" or word != ";":
            end = at + len(word)
        if depth == 0 and kind in ("word", "close"):
            pending = word.upper()
    if not operation:
        raise QueryError("this is no update", cure="send INSERT, DELETE, CLEAR, ...", code="no-update")
    clause = "".join([f"USING <{_iri(g)}> " for g in using] + [f"USING NAMED <{_iri(g)}> " for g in named])
    parts, start = [], 0
    for at in places:
        parts += [text[start:at], clause]
        start = at
    whole, shift = declare("".join(parts) + text[start:end])
    head = "" if based else f"BASE <{_iri(base)}> "
    return head + whole, shift + len(head)


def graph_update(graph: str, lines: Sequence[str], *, replace: bool) -> str:
    """Write what a graph is to hold as an update.

    Args:
        graph: its IRI; empty for the graph without a name.
        lines: N-Triples, blank nodes allowed.
        replace: in the place of what it holds, else added to it.
    """
    name = f"GRAPH <{_iri(graph)}>" if graph else "DEFAULT"
    data = "\n".join(lines)
    parts = [f"DROP SILENT {name}"] if replace else []
    if graph:
        parts.append(f"CREATE SILENT {name}")
    if data:
        parts.append(f"INSERT DATA {{ {name} {{\n{data}\n}} }}" if graph else f"INSERT DATA {{\n{data}\n}}")
    return " ;\n".join(parts) or "INSERT DATA { }"


def graph_removal(graph: str) -> str:
    """Write that a graph is to go as an update."""
    return f"DROP SILENT GRAPH <{_iri(graph)}>" if graph else "DROP SILENT DEFAULT"


def _words(text: str) -> Iterator[tuple[str, str, int]]:
    for match in TOKENS.finditer(text):
        if match.lastgroup != "skip":
            yield str(match.lastgroup), match.group(), match.start()


def _refuse(word: str, text: str, at: int) -> None:
    if word in _NOT_SERVED:
        raise QueryError(
            f"{word} is not served",
            where=place(text, at),
            cure="fetch the data and send them: PUT to /graphs?graph=...",
            code=_NOT_SERVED[word],
        )
    if word in _VARYING:
        raise QueryError(
            f"{word} would give something else at each rebuild of the store",
            where=place(text, at),
            cure="write the value itself",
            code="varying",
        )


def _iri(text: str) -> str:
    if not text or any(c in _IRI_BREAKS for c in text) or ":" not in text:
        raise QueryError(f"{text[:200]!r} is no IRI", cure="give an absolute IRI", code="iri")
    return text
