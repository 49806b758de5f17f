"""Works out, from changes and from what a store holds, which statements go and which come.

It is the same for every back end: it only asks the store for triples and gives a SPARQL update, which the
back end then runs in one transaction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from kg.graphs import APPLIED, META, Change, Statement, below, check_lines, parse_line
from kg.namespaces import XSD

#: Where the slashes of ``https://`` are over.
_SCHEME = len("https://")

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
        #: lines by the graph that they go to
        self.inserts: dict[str, dict[str, None]] = {}
        self.seq = 0
        self._roots: set[str] = set()
        self._ancestors: set[str] = set()
        self._shared: dict[str, str] = {}
        self._shared_in: set[str] = set()
        self._known: dict[str, bool] = {}

    def clashes(self, change: Change) -> bool:
        """Say whether a change depends on one that is pending, so that this must be written first."""
        for root in (*change.roots, *(subject for subject, _ in change.unset)):
            if root in self._ancestors or _under(root, self._roots):
                return True
        for graph, lines in change.parts():
            if self._shared_in <= {graph} or self._apart(lines):
                continue
            others = (self._shared.get(line.rstrip("\n")) for line in lines)
            if any(other is not None and other != graph for other in others):
                return True
        return False

    def add(self, change: Change) -> None:
        """Take a change in.

        Raises:
            kg.errors.StoreError: a line is no N-Triples, or has a blank node.
        """
        parts = [(graph, [line.rstrip("\n") for line in lines]) for graph, lines in change.parts()]
        for _, lines in parts:
            check_lines(lines)
        for root in change.roots:
            self._roots.add(root)
            self._climb(root)
            if root not in change.fresh:
                self.deletes.update(dict.fromkeys(self._subtree(root)))
        for subject, predicate in change.unset:
            self._roots.add(subject)
            self._climb(subject)
            self.deletes.update(dict.fromkeys(self._match(f"<{subject}>", f"<{predicate}>", None)))
        roots, own = set(change.roots), dict[str, bool]()
        for graph, lines in parts:
            inserts = self.inserts.setdefault(graph, {})
            for line in lines:
                subject = line.partition(" ")[0]
                if subject not in own:
                    own[subject] = _under(subject[1:-1], roots)
                if own[subject]:
                    inserts[line] = None
                else:
                    self._share(subject, line, graph)
        self.seq = max(self.seq, change.seq)

    def graphs(self) -> set[str]:
        """Give the IRIs of the graphs that change."""
        return {statement.graph for statement in self.deletes} | {*self.inserts, META}

    def update(self, applied: int) -> str:
        """Write what goes and what comes as one SPARQL update, without what does both.

        Args:
            applied: the number that the store remembers now; it becomes that of the last row in here.

        Returns:
            The text, empty where nothing changes.
        """
        deletes: dict[str, list[str]] = {}
        both: set[tuple[str, str]] = set()
        for statement in self.deletes:
            line = _line(statement)
            if line in self.inserts.get(statement.graph, ()):
                both.add((statement.graph, line))
            else:
                deletes.setdefault(statement.graph, []).append(line)
        inserts = {
            graph: [line for line in lines if (graph, line) not in both]
            for graph, lines in self.inserts.items()
        }
        if self.seq > applied:
            if applied:
                deletes.setdefault(META, []).append(_applied(applied))
            inserts.setdefault(META, []).append(_applied(self.seq))
        return _update(deletes, inserts)

    def quads(self) -> str:
        """Write what comes as N-Quads; it is all that changes where ``deletes`` is empty."""
        return "".join(f"{line[:-1]}<{graph}> .\n" for graph, lines in self.inserts.items() for line in lines)

    def mark(self, applied: int) -> str:
        """Write the update that remembers the last row in here, empty where it is remembered already."""
        if self.seq <= applied:
            return ""
        return _update({META: [_applied(applied)] if applied else []}, {META: [_applied(self.seq)]})

    def _apart(self, lines: Sequence[str]) -> bool:
        """Say at once that no line is shared with what is pending; nearly all are not."""
        return self._shared.keys().isdisjoint(lines) and "\n" not in "".join(lines)

    def _share(self, subject: str, line: str, graph: str) -> None:
        """Let a triple that several payloads state stand in the graph that stated it last."""
        if line in self._shared:
            return
        self._shared[line] = graph
        self._shared_in.add(graph)
        known = self._known.get(subject)
        if known is None:
            self._climb(subject[1:-1])
            known = self._known[subject] = any(self._match(subject, None, None))
        if known:
            for found in self._match(*parse_line(line)[:3]):
                if found.graph == graph and found not in self.deletes:
                    return
                self.deletes[found] = None
        self.inserts[graph][line] = None

    def _climb(self, iri: str) -> None:
        """Remember an IRI and all that it lies below."""
        for part in _path(iri):
            if part in self._ancestors:
                return
            self._ancestors.add(part)

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


def _line(statement: Statement) -> str:
    return f"{statement.subject} {statement.predicate} {statement.object} ."


def _applied(seq: int) -> str:
    return f'<{META}> <{APPLIED}> "{seq}"^^<{XSD}integer> .'


def marked(update: str, seq: int) -> str:
    """Let an update remember the row that it comes from, whatever it does to the store.

    Args:
        update: SPARQL 1.1 Update, one operation or more, without a semicolon at its end.
        seq: the row.
    """
    return (
        f"{update}\n;\nDELETE WHERE {{ GRAPH <{META}> {{ <{META}> <{APPLIED}> ?n }} }} ;\n"
        f"INSERT DATA {{ {_blocks({META: [_applied(seq)]})} }}"
    )


def _update(deletes: Mapping[str, Sequence[str]], inserts: Mapping[str, Sequence[str]]) -> str:
    """Write DELETE DATA and INSERT DATA of lines by graph, each where it has any."""
    parts = (("DELETE", _blocks(deletes)), ("INSERT", _blocks(inserts)))
    return " ;\n".join(f"{word} DATA {{\n{part}}}" for word, part in parts if part)


def _blocks(lines: Mapping[str, Sequence[str]]) -> str:
    """Write lines by graph as the body of INSERT DATA or DELETE DATA."""
    return "".join(
        f"GRAPH <{graph}> {{\n" + "\n".join(part) + "\n}\n" for graph, part in lines.items() if part
    )


def _under(iri: str, roots: set[str]) -> bool:
    """Say whether an IRI is one of some, or lies below one."""
    at = len(iri)
    while at > 0:
        iri = iri[:at]
        if iri in roots:
            return True
        at = iri.rfind("/", _SCHEME)
    return False


def _path(iri: str) -> Iterator[str]:
    """Give an IRI and every IRI that it lies below."""
    yield iri
    at = iri.rfind("/", _SCHEME)
    while at > 0:
        iri = iri[:at]
        yield iri
        at = iri.rfind("/", _SCHEME)
