"""move: a store's graph into another engine, made there from the journal."""

from pathlib import Path

from kg.apply import Applier
from kg.closure import load_into
from kg.directory import open_directory
from kg.errors import UsageError
from kg.graphs.endpoint import EndpointGraphs
from kg.journal import Journal
from kg.namespaces import GRAPH
from kg.readings.graph import GraphReadings
from kg.rebuild import Rebuilt, replay


def move(
    store: Path,
    target: EndpointGraphs,
    *,
    profile: str = "core",
    engine: str = "shacl",
    bindings: Path | None = None,
) -> Rebuilt:
    """Make a store's graph anew from its journal, behind a SPARQL endpoint; the store stays as it is.

    Args:
        store: the store's directory; no other process may use it.
        target: an endpoint that holds no graph of FlexKG yet.
        profile: level of strictness by which rows are listed that would be refused today.
        engine: SHACL engine for that.
        bindings: folder of a user's own tables of what values mean.

    Returns:
        What was applied.

    Raises:
        UsageError: the endpoint holds such a graph.
        kg.errors.StoreError: there is no store, it is in use, its journal does not verify, or the endpoint
            does not answer.
    """
    journal = Journal(open_directory(store, create=False))
    try:
        journal.verify()
        if target.graphs(GRAPH):  # what else it holds (Virtuoso's own graphs, say) is left alone
            raise UsageError(
                "the endpoint holds such a graph already", cure="name one without, or drop it there"
            )
        done = replay(journal, Applier(target, GraphReadings(target), bindings), profile, engine)
        load_into(target)
        return done
    finally:
        journal.close()
