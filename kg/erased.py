"""What an erasure did, and the proof: whether a name that must be gone is still found anywhere."""

import itertools
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from kg.directory import StoreDirectory
from kg.graphs import GraphStore
from kg.namespaces import FLEX, ID, RDF
from kg.proof import Hit, search
from kg.readings import ReadingStore
from kg.redaction import SHORT, Names

#: Statements in which names are sought at once.
_TOGETHER: Final = 10_000


@dataclass(slots=True)
class Erased:
    """What an erasure did.

    Attributes:
        rows: rows of the journal that can never be read again.
        redacted: of those, rows for which a successor without the names was recorded.
        files: files of the store that were searched for the names afterwards.
        bytes: their size.
        hits: where a name was still found; empty when the proof holds.
        unsought: names too short to be searched for: they are in too much that has nothing to do with them.
        shared: names of resources that others have resources of, too: they are theirs, and stay.
    """

    rows: int = 0
    redacted: int = 0
    files: int = 0
    bytes: int = 0
    hits: list[Hit] = field(default_factory=list)
    unsought: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.rows} rows erased, {self.redacted} of them kept without the name"
        text += f"; {self.files} files, {self.bytes:,} bytes searched: {len(self.hits)} hits"
        if self.unsought:
            text += f"; too short to be searched for: {', '.join(self.unsought)}"
        if self.shared:
            text += f"; others have resources of that name, too: {', '.join(self.shared)}"
        for hit in self.hits[:20]:
            text += f"\n  {hit}"
        return text


def prove(
    directory: StoreDirectory,
    names: list[str],
    done: Erased,
    others: list[str],
    graphs: GraphStore,
    readings: ReadingStore,
) -> None:
    """Search raw files, and what graph and readings hold: their files may be compressed.

    In compressed files a name that is the beginning of another's cannot be told from it, so there only what
    they hold is searched for it. A store that is in use can be searched.

    Args:
        directory: the store's.
        names: what must be gone: the subject's name first, then those of its resources.
        done: what the erasure did; what is found is put into it.
        others: names of those who are left.
        graphs: the store's graph.
        readings: the store's readings.
    """
    done.shared = _shared(graphs, names[1:])
    names = [one for one in names if one not in done.shared]
    done.unsought = [one for one in names if len(one) < SHORT]
    sought = [one for one in names if len(one) >= SHORT]
    part = [one for one in sought if any(one in other and one != other for other in others)]
    whole = [one for one in sought if one not in part]
    done.files, done.bytes, done.hits = search(directory.path, whole, others=others)
    views = (directory.graph.name, directory.readings.name)
    files, size, hits = search(directory.path, part, others=others, without=views)
    done.files, done.bytes = done.files or files, done.bytes or size
    done.hits += [*hits, *_held(graphs, readings, Names(names, others=others))]


def _shared(graphs: GraphStore, names: list[str]) -> list[str]:
    """Give those of the names of resources that resources of others have; the subject's are gone by now."""
    if not names:
        return []
    found = (one.subject for one in graphs.match(None, f"<{RDF}type>", f"<{FLEX}Resource>"))
    held = {unquote(iri[1:-1].rpartition("/")[2]) for iri in found if iri.startswith(f"<{ID}resource/")}
    return [one for one in names if one in held]


def _held(graphs: GraphStore, readings: ReadingStore, names: Names) -> list[Hit]:
    """Find names in what graph and readings say."""
    texts = itertools.chain(
        (f"{s.subject} {s.object}" for s in graphs.match() if not s.graph.endswith("/ontology")),
        readings.series(),
    )
    found, number = list[Hit](), 0
    while part := list(itertools.islice(texts, _TOGETHER)):
        if names.within("\n".join(part)):  # nearly never, so many are looked through at once
            lines = (number + n for n, text in enumerate(part) if names.within(text))
            found += [Hit("graph and readings", n, "content") for n in lines]
        number += len(part)
    return found
