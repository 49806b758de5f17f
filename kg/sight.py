"""Sight: what of a store a caller sees, and how it is answered.

========================  =============================================================================
``read_all``, contract    everything of the tenant
``read_all``              everything of the tenant, but what reports say only of parties with a mandate
no ``read_all``           an extract of what mandates in force cover, and of the caller's own party
anybody                   stored queries about groups, of five subjects and more
========================  =============================================================================
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kg.errors import Forbidden, QueryError
from kg.extracts import Extracts
from kg.graphs import REPORTED, Answer
from kg.graphs.embedded import EmbeddedGraphs
from kg.identity.caller import LOCAL_CALLER, Caller
from kg.mandates import Mandates
from kg.masks import Masks
from kg.service import Service
from kg.shelf import Shelf
from kg.sparql.apart import Apart
from kg.sparql.asking import unreported
from kg.sparql.dataset import dataset
from kg.sparql.gate import Limits, refuse
from kg.sparql.prologue import declare
from kg.sparql.question import Asked
from kg.sparql.stored import StoredQuery, stored_query

#: From the kind of an answer to the media type in which it is sent.
Choose = Callable[[str], str]
#: Fewest subjects of a group, those aside whom its reader sees one by one.
FEWEST: Final = 5
#: Ages of the youngest readings in a group: a late report must not show by what it changes.
_SETTLED: Final = timedelta(days=1)


@dataclass(slots=True)
class _Opened:
    """What belongs to one opening of a store; ``reading`` is held while one of its copies is read here."""

    mandates: Mandates
    extracts: Extracts
    masks: Masks
    reading: threading.Lock = field(default_factory=threading.Lock)


class Sight:
    """Answers each caller with what it may see."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._open: dict[int, tuple[Any, _Opened]] = {}

    def mandates(self, service: Service) -> Mandates:
        """Give the mandates of a service's store."""
        return self._opened(service).mandates

    def parties(self, service: Service, caller: Caller) -> frozenset[str] | None:
        """Give the parties whose readings a caller sees; None for all of them."""
        return None if _whole(service, caller) else self._covered(service, caller)

    def graphs(self, service: Service, caller: Caller) -> list[str]:
        """Give the IRIs of the store's graphs that a caller may name; an extract has some of its own."""
        names = service.store.graphs.graphs() if caller.may("read_all") else []
        return names if self.parties(service, caller) != frozenset() else unreported(names)

    def proven(self, service: Service, caller: Caller) -> frozenset[str] | None:
        """Give the parties whose reports are evidence for a caller; None for all of them."""
        contract = service.settings.mandates == "contract"
        return None if contract or caller is LOCAL_CALLER else self._covered(service, caller)

    def asked(
        self,
        service: Service,
        caller: Caller,
        query: str,
        default: Sequence[str] = (),
        named: Sequence[str] = (),
        *,
        max_age: float | None = None,
        stored_only: bool = False,
        apart: Apart | None = None,
    ) -> Asked:
        """Prepare a query for a worker; what is given must be released.

        Args:
            service: over the store.
            caller: who asks.
            query: SPARQL text; nobody has looked at it.
            default: see ``kg.sparql.asking.Asking.asked``, as of those that follow.
            named: likewise.
            max_age: likewise.
            stored_only: likewise.
            apart: likewise.

        Raises:
            Forbidden: no mandate in force covers anything.
            kg.errors.QueryError: the query is refused, or the copy that it needs would be too large.
        """
        parties = self.parties(service, caller)
        shelf = self._extract(service, caller, parties)
        if shelf is None:
            stated = [*default, *named]
            reports = not stated or any(name.startswith(REPORTED) for name in stated)
            return service.asking.asked(
                query,
                default=default,
                named=named,
                max_age=max_age,
                stored_only=stored_only,
                parties=parties,
                apart=apart,
                masks=self._masks(service, parties) if reports else None,
            )
        refuse(query, Limits(characters=service.settings.max_query_characters))
        text, shift = declare(query)
        held = shelf.hold(parties or frozenset())
        try:
            reads = dataset(query, held.graphs, default, named, whole=True)
        except BaseException:
            shelf.release(held)
            raise
        return Asked(text, shift, reads, held.graphs, shelf, held)

    def at_once(
        self,
        service: Service,
        caller: Caller,
        query: str,
        *,
        default: Sequence[str] = (),
        named: Sequence[str] = (),
        max_age: float | None = None,
    ) -> Asked | None:
        """Prepare a query as ``asked`` does, but only if that needs no waiting; else give None."""
        if not _whole(service, caller):
            return None
        return service.asking.at_once(query, default=default, named=named, max_age=max_age)

    def answer(
        self, service: Service, caller: Caller, name: str, values: Mapping[str, str], media: Choose
    ) -> tuple[bytes, str]:
        """Answer a stored query; gives the answer and its media type.

        Args:
            service: over the store.
            caller: who asks.
            name: of the query.
            values: its parameters, as text.
            media: from the kind of answer, ``select``, ``ask`` or ``graph``, to its media type.

        Raises:
            Forbidden: no mandate in force covers anything.
            kg.errors.QueryError: there is no such query, or a parameter is wrong.
        """
        folders = (service.settings.queries,) if service.settings.queries is not None else ()
        stored = stored_query(name, folders)
        parties = self.parties(service, caller)
        if stored.subjects and parties is not None:
            bindings = _grouped(stored, values, len(parties))
            return _written(service.asking.answer(stored.text, bindings), media)
        extract = self._extract(service, caller, parties)
        bindings = stored.bindings(values)
        shelf = extract or self._masks(service, parties)
        if shelf is None:
            return _written(service.asking.answer(stored.text, bindings, parties=parties), media)
        held = shelf.hold(parties or frozenset())
        try:
            with self._opened(service).reading:  # a copy can be opened once at a time
                graphs = EmbeddedGraphs(held.path)
                try:
                    if extract is None:
                        asking = service.asking
                        found = asking.answer(stored.text, bindings, parties=parties, masked=graphs)
                        return _written(found, media)
                    return _of_extract(graphs, held.graphs, stored, bindings, media)
                finally:
                    graphs.close()
        finally:
            shelf.release(held)

    def forget(self, service: Service) -> None:
        """Let go of a service's store, which is to be closed."""
        with self._lock:
            found = self._open.pop(id(service), None)
            if found is not None:
                found[1].extracts.close()
                found[1].masks.close()

    def close(self) -> None:
        """Remove what was made."""
        with self._lock:
            for _, opened in self._open.values():
                opened.extracts.close()
                opened.masks.close()
            self._open.clear()

    def _extract(self, service: Service, caller: Caller, parties: frozenset[str] | None) -> Shelf | None:
        """Give where a caller's extract is kept; None where it is answered from the store.

        Raises:
            Forbidden: a caller without ``read_all`` sees nothing.
        """
        if caller.may("read_all") or parties is None:
            return None
        if not parties:
            raise Forbidden(
                "no mandate in force covers anything for this purpose",
                cure="ask for the scope read_all, or the owners for a mandate",
                code="mandates",
                reason=f"{caller.client} has no mandate for {caller.purpose!r}",
            )
        return self._opened(service).extracts

    def _masks(self, service: Service, parties: frozenset[str] | None) -> Shelf | None:
        """Give where copies are kept that show what some parties' reports say; None where none is needed.

        That is where everybody's are seen, or nobody's, so that their graphs are left out, or there are none.
        """
        return self._opened(service).masks if parties and service.store.graphs.graphs(REPORTED) else None

    def _covered(self, service: Service, caller: Caller) -> frozenset[str]:
        journal = service.store.journal
        found = self._opened(service).mandates.covered(caller.client or caller.subject, caller.purpose)
        own = caller.party if caller.may("read_ven_objects", "self:read") else ""
        return frozenset(p for p in {*found, own} - {""} if journal.keys.known([p]) is not None)

    def _opened(self, service: Service) -> _Opened:
        journal = service.store.journal
        with self._lock:
            found = self._open.get(id(service))
            if found is None or found[0] is not journal:
                self.forget(service)
                root, bindings = journal.directory.path / "extracts", service.settings.bindings
                extracts = Extracts(journal, root / "parties", bindings)
                masks = Masks(service.store.graphs, root / "masks")
                found = self._open[id(service)] = (journal, _Opened(Mandates(journal), extracts, masks))
            return found[1]


def _whole(service: Service, caller: Caller) -> bool:
    """Say whether a caller sees everybody's readings without a mandate."""
    return caller is LOCAL_CALLER or (caller.may("read_all") and service.settings.mandates == "contract")


def _grouped(stored: StoredQuery, values: Mapping[str, str], seen: int) -> dict[str, str]:
    """Bind the parameters of a query about groups: whole days that are over, and subjects enough.

    Raises:
        kg.errors.QueryError: a window is of parts of days: two that differ by little would show one subject.
    """
    given = dict(values)
    for name in ("from", "to"):
        if name in given and name in stored.parameters and not given[name].endswith("T00:00:00Z"):
            raise QueryError(
                "groups are shown for whole days",
                where=f"parameter {name}",
                cure="write it as 2026-12-01T00:00:00Z",
            )
    if "to" in stored.parameters:
        until = (datetime.now(UTC) - _SETTLED).strftime("%Y-%m-%dT00:00:00Z")
        given["to"] = min(given.get("to", until), until)
    try:
        wanted = int(given.get(stored.subjects, FEWEST))
    except ValueError:
        wanted = FEWEST
    given[stored.subjects] = str(max(wanted, FEWEST + seen))
    return stored.bindings(given)


def _of_extract(
    graphs: EmbeddedGraphs,
    reads: list[str],
    stored: StoredQuery,
    bindings: Mapping[str, str],
    media: Choose,
) -> tuple[bytes, str]:
    found = graphs.query(stored.text, default_graph=None, named_graphs=reads, bindings=bindings)
    return _written(found, media)


def _written(found: Answer, media: Choose) -> tuple[bytes, str]:
    """Write an answer; it ends in the thread that made it."""
    try:
        sent = media(found.kind)
        return found.serialize("application/sparql-results+json" if sent.endswith("/json") else sent), sent
    finally:
        del found
