"""Works out, from changes and from what a store holds, which statements go and which come.

It is the same for every back end: it only asks the store for triples and gives a SPARQL update, which the
back end then runs in one transaction.
"""

from collections.abc import Callable, Iterable, Iterator

from kg.graphs import APPLIED, META, Change, Statement, below, parse_line
from kg.namespaces import XSD

#: ``GraphStore.match``, by position: subject, predicate, object.
Match = Callable[[str | None, str | None, str | None], Iterator[Statement]]


class Pending:
    """The outcome of changes that do not touch one another, so that they can be written together.

    Args:
        match: finds triples in the store, all graphs.
    """

    def __init__(self, match: Match) -> None:
        self._match = match
        self.deletes: dict[Statement, None] = {}
        self.inserts: dict[Statement, None] = {}
        self.seq = 0
        self._roots: set[str] = set()
        self._ancestors: set[str] = set()
        self._shared: dict[Statement, str] = {}
        self._shared_in: set[str] = set()

    def clashes(self, change: Change) -> bool:
        """Say whether a change depends on one that is pending, so that this must be written first."""
        for root in (*change.roots, *(subject for subject, _ in change.unset)):
            if root in self._ancestors or any(part in self._roots for part in _path(root)):
                return True
        if self._shared_in <= {change.graph}:
            return False
        graphs = (self._shared.get(parse_line(line)) for line in change.lines)
        return any(graph is not None and graph != change.graph for graph in graphs)

    def add(self, change: Change) -> None:
        """Take a change in.

        Raises:
            kg.errors.StoreError: a line is no N-Triples, or has a blank node.
        """
        statements = [parse_line(line) for line in change.lines]
        for root in change.roots:
            self._roots.add(root)
            self._ancestors.update(_path(root))
            self.deletes.update(dict.fromkeys(self._subtree(root)))
        for subject, predicate in change.unset:
            self._roots.add(subject)
            self._ancestors.update(_path(subject))
            self.deletes.update(dict.fromkeys(self._match(f"<{subject}>", f"<{predicate}>", None)))
        roots, own = set(change.roots), dict[str, bool]()
        for statement in statements:
            subject = statement.subject
            if subject not in own:
                own[subject] = any(part in roots for part in _path(subject[1:-1]))
            if own[subject]:
                self.inserts[_in(statement, change.graph)] = None
            else:
                self._share(statement, change.graph)
        self.seq = max(self.seq, change.seq)

    def update(self, applied: int) -> str:
        """Write what goes and what comes as one SPARQL update, without what does both.

        Args:
            applied: the number that the store remembers now; it becomes that of the last row in here.

        Returns:
            The text, empty where nothing changes.
        """
        deletes = [statement for statement in self.deletes if statement not in self.inserts]
        inserts = [statement for statement in self.inserts if statement not in self.deletes]
        if self.seq > applied:
            deletes += [_applied(applied)] if applied else []
            inserts.append(_applied(self.seq))
        parts = (("DELETE", deletes), ("INSERT", inserts))
        return " ;\n".join(f"{word} DATA {{\n{_blocks(part)}}}" for word, part in parts if part)

    def _share(self, statement: Statement, graph: str) -> None:
        """Let a triple that several payloads state stand in the graph that stated it last."""
        if statement in self._shared:
            return
        self._shared[statement] = graph
        self._shared_in.add(graph)
        self._ancestors.update(_path(statement.subject[1:-1]))
        wanted = _in(statement, graph)
        for found in self._match(*statement[:3]):
            if found.graph == graph and found not in self.deletes:
                return
            self.deletes[found] = None
        self.inserts[wanted] = None

    def _subtree(self, root: str) -> Iterator[Statement]:
        """Find everything that is said of a root and of what lies below it, along the links between them."""
        seen = {f"<{root}>"}
        stack = list(seen)
        while stack:
            node = stack.pop()
            linked = []
            for statement in self._match(node, None, None):
                yield statement
                linked.append(statement.object)
            linked += [statement.subject for statement in self._match(None, None, node)]
            for other in linked:
                if other not in seen and other[0] == "<" and below(other, root):
                    seen.add(other)
                    stack.append(other)


def _in(statement: Statement, graph: str) -> Statement:
    subject, predicate, object_, _ = statement
    return Statement(subject, predicate, object_, graph)


def _applied(seq: int) -> Statement:
    return Statement(f"<{META}>", f"<{APPLIED}>", f'"{seq}"^^<{XSD}integer>', META)


def marked(update: str, seq: int) -> str:
    """Let an update remember the row that it comes from, whatever it does to the store.

    Args:
        update: SPARQL 1.1 Update, one operation or more, without a semicolon at its end.
        seq: the row.
    """
    return (
        f"{update}\n;\nDELETE WHERE {{ GRAPH <{META}> {{ <{META}> <{APPLIED}> ?n }} }} ;\n"
        f"INSERT DATA {{ {_blocks([_applied(seq)])} }}"
    )


def _blocks(statements: Iterable[Statement]) -> str:
    """Write statements as the body of INSERT DATA or DELETE DATA."""
    graphs: dict[str, list[str]] = {}
    for subject, predicate, object_, graph in statements:
        graphs.setdefault(graph, []).append(f"{subject} {predicate} {object_} .\n")
    return "".join(f"GRAPH <{graph}> {{\n{''.join(lines)}}}\n" for graph, lines in graphs.items())


def _path(iri: str) -> Iterator[str]:
    """Give an IRI and every IRI that it lies below."""
    yield iri
    at = iri.rfind("/")
    while at > 0:
        iri = iri[:at]
        yield iri
        at = iri.rfind("/")
