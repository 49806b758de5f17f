"""A context from files, so that a gateway checks against earlier messages without a store.

Payload files are what was sent or received before, in the order of their names; Turtle and N-Triples files
say the same things as a graph. They are applied to a store in memory by the code that applies them to any
store, so that the facts are the same.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kg.apply import Applier, Recorded
from kg.context import Kind, StoreContext
from kg.errors import UnreadablePayload, UsageError
from kg.graphs import month_graph
from kg.graphs.embedded import EmbeddedGraphs
from kg.json_reader import speaks_of_openadr
from kg.lift import Lifted, lift
from kg.namespaces import FLEX
from kg.readings.graph import GraphReadings
from kg.rules import parse
from kg.xml import MAX_BYTES, read

_SUFFIXES = (".xml", ".json", ".ttl", ".nt")
_COMPLETE = f"{FLEX}completeFor"
#: Files do not say when their messages were received, and nothing depends on it.
_RECEIVED = "1970-01-01T00:00:00.000000Z"


class FileContext(StoreContext):
    """What files tell. A breach of what they tell refuses.

    A graph file says ``[] flex:completeFor flex:Registration`` (or ``flex:Message``, ``flex:Event``,
    ``flex:Opt``, ``flex:ReportDescription``, ``flex:Resource``) where the files hold every such thing.

    Args:
        paths: files (``*.xml``, ``*.json``, ``*.ttl``, ``*.nt``) or folders of them, all below them, sorted;
            a JSON file in a folder that is no message of OpenADR is passed over.
        max_bytes: largest payload accepted.

    Raises:
        kg.errors.UsageError: a path does not exist, a folder has no such file, a file is no payload or says
            that the context is complete for something else; names the file and, where there is one, the line.
        kg.errors.AssetError: a graph file is broken; names file, line and column.
    """

    def __init__(self, paths: Iterable[str | os.PathLike[str]], *, max_bytes: int = MAX_BYTES) -> None:
        messages: list[Lifted] = []
        complete: set[Kind] = set()
        graphs = EmbeddedGraphs()
        for path in _files(paths):
            if path.suffix.lower() in (".xml", ".json"):
                messages.append(_message(path, max_bytes))
                continue
            triples = list(parse(path))
            graphs.add(month_graph("op", _RECEIVED), "".join(f"{triple} .\n" for triple in triples))
            stated = (str(t.object)[1:-1] for t in triples if t.predicate.value == _COMPLETE)
            complete.update(_kind(name, path) for name in stated)
        remember(graphs, messages)
        super().__init__(graphs, complete=complete, enforced=True)


def remember(graphs: EmbeddedGraphs, messages: Iterable[Lifted]) -> None:
    """Apply earlier messages to a store, in their order.

    Args:
        graphs: the store.
        messages: their graphs.
    """
    applier, done = Applier(graphs, GraphReadings(graphs)), graphs.applied()
    applier.apply(
        Recorded(done + n, _RECEIVED, message.message.rpartition("/")[2], lifted=message)
        for n, message in enumerate(messages, 1)
    )


def _files(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """Give the files that paths name.

    Raises:
        UsageError: see ``FileContext``.
    """
    for name in paths:
        path = Path(name)
        try:
            path.stat()
            below = sorted(p for p in path.rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file())
        except (OSError, ValueError) as error:
            what = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"the context cannot be read: {what}", where=str(path), cure="check the path"
            ) from error
        if path.is_dir() and not below:
            raise UsageError(
                "the folder has no context (*.xml, *.json, *.ttl or *.nt)",
                where=str(path),
                cure="name a folder with earlier messages, or leave --context out",
            )
        if not path.is_dir() and path.suffix.lower() not in _SUFFIXES:
            raise UsageError(
                "the file is no context", where=str(path), cure="name an *.xml, *.json, *.ttl or *.nt file"
            )
        yield from (p for p in below if not _other(p)) if path.is_dir() else (path,)


def _other(path: Path) -> bool:
    """Tell whether a file of a folder is JSON of something else than OpenADR."""
    try:
        return path.suffix.lower() == ".json" and not speaks_of_openadr(path.read_bytes())
    except OSError:
        return False  # told when it is read


def _message(path: Path, max_bytes: int) -> Lifted:
    """Read and lift an earlier message.

    Raises:
        UsageError: it cannot be read, or the schema refuses it.
    """
    try:
        with path.open("rb") as file:
            document = read(file.read(max_bytes + 1), max_bytes=max_bytes)
    except OSError as error:
        raise UsageError(
            f"the context cannot be read: {error.strerror}", where=str(path), cure="check the path"
        ) from error
    except UnreadablePayload as error:
        place = f"{path}, {error.where}" if error.where else str(path)
        raise UsageError(
            f"a message of the context is unreadable: {error.what}",
            where=place,
            cure="mend it or take it out",
        ) from error
    if document.schema_errors:
        first = document.schema_errors[0]
        raise UsageError(
            f"a message of the context is not valid: {first.message}",
            where=f"{path}:{first.line}",
            cure="mend it or take it out; flexkg check says more",
        )
    return lift(document)


def _kind(name: str, path: Path) -> Kind:
    """Read the class that a context is said to be complete for."""
    try:
        return Kind(name.removeprefix(FLEX)) if name.startswith(FLEX) else Kind(name)
    except ValueError as error:
        known = ", ".join(f"flex:{kind.value}" for kind in Kind)
        raise UsageError(
            f"a context is not complete for {name}", where=str(path), cure=f"name one of {known}"
        ) from error
