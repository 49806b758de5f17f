"""Asking: from a user's text to a query that may be answered, in a worker or here."""

import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from kg.errors import QueryError
from kg.graphs import META, REPORTED, Answer, GraphStore
from kg.readings import ReadingStore
from kg.sparql.apart import Apart, Ask, over, parse
from kg.sparql.dataset import Dataset, dataset
from kg.sparql.gate import Limits, refuse
from kg.sparql.observations.serving import with_readings
from kg.sparql.observations.table import Table
from kg.sparql.prologue import declare, explain
from kg.sparql.question import Asked, Keeper, Masks, Rewriter
from kg.sparql.remembered import Remembered
from kg.sparql.rows import Rows
from kg.sparql.snapshots import Snapshot, Snapshots, Writer

#: Characters of a query that is prepared in so little time that nobody waits for it.
_SHORT: Final = 4_000


class Asking:
    """Makes users' queries over one store ready.

    Args:
        graphs: the store.
        readings: its readings.
        root: directory for snapshots; made with the first query.
        max_age: seconds by which a query may see the store late.
        characters: longest query accepted.
        most: rows of readings that one pattern may take in.
        writer: what writes the store.

    Attributes:
        rewriters: run over each user's query, in order, after the gate and before a worker gets it.
    """

    def __init__(
        self,
        graphs: GraphStore,
        readings: ReadingStore,
        root: Path,
        max_age: float,
        characters: int,
        most: int,
        writer: Writer | None = None,
    ) -> None:
        self.rewriters: list[Rewriter] = []
        self.snapshots = Snapshots(graphs, root, max_age, writer)
        self._graphs, self._readings, self._most, self._writer = graphs, readings, most, writer
        self._limits = Limits(characters=characters)
        self._remembered = Remembered(graphs)

    def asked(
        self,
        query: str,
        *,
        default: Sequence[str] = (),
        named: Sequence[str] = (),
        max_age: float | None = None,
        stored_only: bool = False,
        parties: Collection[str] | None = None,
        apart: Apart | None = None,
        masks: Masks | None = None,
    ) -> Asked:
        """Prepare a user's query for a worker; what is given must be released.

        Args:
            query: SPARQL text; nobody has looked at it.
            default: IRIs of the graphs that it reads without GRAPH; where this and ``named`` are empty, what
                it says itself counts, and all graphs where it says nothing.
            named: IRIs of the graphs that GRAPH may name.
            max_age: seconds by which it may see the store late, where less than the settings say.
            stored_only: read the graph as it is stored, without readings that are kept in columns.
            parties: whose readings in columns there are for it; None: everybody's.
            apart: answers what has to be asked before a worker gets the query; without it this process does,
                for as long as it takes.
            masks: copies that show what reports say of these parties. Without it those graphs are not read,
                where parties are given.

        Raises:
            QueryError: it is refused.
            kg.errors.StoreUnavailable: no snapshot can be made.
        """
        text, shift = _passed(query, self._limits)
        for rewrite in self.rewriters:
            text = rewrite(text)
        in_columns = not stored_only and self._readings.view() is not None
        if in_columns and self._writer is not None:
            self._writer.settle()
        keeper: Keeper = self.snapshots if masks is None else masks
        snapshot = self.snapshots.hold(max_age) if masks is None else masks.hold(frozenset(parties or ()))
        try:
            whole = masks is not None or parties is None
            graphs = snapshot.graphs if whole else unreported(snapshot.graphs)
            reads = dataset(query, graphs, default, named, whole=whole)
            if in_columns and _reported(reads):
                ask, check = self._apart(apart, keeper, snapshot, dataset("", graphs, whole=whole))
                made = self._with_readings(
                    text, shift, restricted=bool(default or named), parties=parties, ask=ask, check=check
                )
                assert isinstance(made, str)
                text = made
            return Asked(text, shift, reads, graphs, keeper, snapshot)
        except BaseException:
            keeper.release(snapshot)
            raise

    def _apart(
        self, apart: Apart | None, keeper: Keeper, snapshot: Snapshot, reads: Dataset
    ) -> tuple[Ask | None, Callable[[str], None] | None]:
        """Give what answers over a snapshot, and what parses, in a worker."""
        if apart is None:
            return None, None
        root, path = str(keeper.root.absolute()), str(snapshot.path.absolute())
        return over(apart, root, path, reads), partial(parse, apart, root, path)

    def at_once(
        self,
        query: str,
        *,
        default: Sequence[str] = (),
        named: Sequence[str] = (),
        max_age: float | None = None,
    ) -> Asked | None:
        """Prepare a user's query as ``asked`` does, but only if that needs no waiting; else give None.

        Raises:
            QueryError: it is refused.
        """
        if len(query) > _SHORT or self.rewriters or self._readings.view() is not None:
            return None
        snapshot = self.snapshots.at_hand(max_age)
        if snapshot is None:
            return None
        try:
            text, shift = _passed(query, self._limits)
            reads = dataset(query, snapshot.graphs, default, named, whole=True)
        except BaseException:
            self.snapshots.release(snapshot)
            raise
        return Asked(text, shift, reads, snapshot.graphs, self.snapshots, snapshot)

    def here(self, query: str) -> Answer:
        """Answer a query in this process: for who runs it himself, as the command line does.

        Raises:
            QueryError: the query is refused or does not parse.
        """
        text, shift = _passed(query, self._limits)
        return self.answer(text, {}, shift, dataset(query, self._readable(), whole=True))

    def answer(
        self,
        text: str,
        bindings: Mapping[str, str],
        shift: int = 0,
        reads: Dataset | None = None,
        parties: Collection[str] | None = None,
        masked: GraphStore | None = None,
    ) -> Answer:
        """Answer a query in this process.

        Args:
            text: SPARQL.
            bindings: values of variables, N-Triples text.
            shift: characters that were put before its first line.
            reads: its dataset; all graphs where it is left out.
            parties: whose readings in columns there are for it; None: everybody's.
            masked: a copy that shows what reports say of these parties. Without it those graphs are not read,
                where parties are given.

        Raises:
            QueryError: it does not parse; says where in the user's own lines.
        """
        graphs = self._graphs if masked is None else masked
        readable = [name for name in graphs.graphs() if name != META]
        whole = masked is not None or parties is None
        everything = dataset("", readable if whole else unreported(readable), whole=whole)
        reads = reads or everything
        made: str | Table = text
        if _reported(reads):
            made = self._with_readings(
                text,
                shift,
                bindings,
                restricted=reads.stated,
                parties=parties,
                over=(graphs, everything),
                direct=True,
            )
        if isinstance(made, Table):
            return Rows(made, graphs)
        try:
            return graphs.query(
                made, default_graph=reads.default, named_graphs=reads.named, bindings=bindings
            )
        except QueryError as error:
            raise explain(error, shift, made) from error

    def drop(self, patience: float = 10.0) -> None:
        """Let queries see the store as it is now, and remove the copy that they read before.

        Args:
            patience: seconds to wait for queries that read it.
        """
        last, until = self.snapshots.drop(), time.monotonic() + patience
        while last is not None and last.users > 0 and time.monotonic() < until:
            time.sleep(0.02)
        if last is not None:
            shutil.rmtree(last.path, ignore_errors=True)

    def close(self) -> None:
        """Remove the snapshots."""
        self.snapshots.close()

    def _with_readings(
        self,
        text: str,
        shift: int,
        bindings: Mapping[str, str] | None = None,
        *,
        restricted: bool = False,
        parties: Collection[str] | None = None,
        ask: Ask | None = None,
        check: Callable[[str], None] | None = None,
        over: tuple[GraphStore, Dataset] | None = None,
        direct: bool = False,
    ) -> str | Table:
        """Put readings that are in columns into the text of a query, or give its rows where they are all."""
        graphs, reads = over or (self._graphs, dataset("", self._readable(), whole=True))
        if ask is None and direct and graphs is self._graphs:
            ask = partial(self._remembered.ask, reads=reads)
        return with_readings(
            text,
            graphs,
            self._readings,
            reads,
            shift,
            bindings,
            restricted=restricted,
            most=self._most,
            parties=parties,
            ask=ask,
            parse=check,
            direct=direct,
        )

    def _readable(self) -> list[str]:
        return [name for name in self._graphs.graphs() if name != META]


def _reported(reads: Dataset) -> bool:
    """Say whether readings belong to what a query reads: graphs that it names may be others."""
    names = (*(reads.default or ()), *reads.named, *reads.unknown)
    return not reads.stated or any(name.startswith(REPORTED) for name in names)


def unreported(graphs: Sequence[str]) -> list[str]:
    """Leave out the graphs with what reports say."""
    return [name for name in graphs if not name.startswith(REPORTED)]


@lru_cache(maxsize=256)
def _passed(query: str, limits: Limits) -> tuple[str, int]:
    """Let a query through the gate and declare its prefixes; programs ask the same again and again."""
    refuse(query, limits)
    return declare(query)
