"""Composes store, checks and queries from the settings; the one thing that cli and api talk to."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kg.binding_tables import load
from kg.check import checker
from kg.closure import load_into
from kg.context import Context, Kind, StoreContext
from kg.errors import QueryError, UsageError
from kg.graphs import Answer, GraphStore
from kg.imports import copies, load_copies
from kg.meaning import Meaning
from kg.meanings import explained, graph_text
from kg.measures import Measures, measured
from kg.report import Report
from kg.settings import Settings
from kg.sparql.asking import Asking
from kg.sparql.prologue import explain
from kg.sparql.stored import StoredQuery, stored_queries, stored_query
from kg.sparql.updates import prepare
from kg.trial import Trial

if TYPE_CHECKING:
    from kg.activation.registry import Registry
    from kg.activation.settlement import Settlement
    from kg.answering import Answerer
    from kg.ingest import Ingest, Receipt
    from kg.leaving import Leaving
    from kg.openadr.issuing import Operator
    from kg.openadr.live import Live
    from kg.openadr.vtn import Vtn
    from kg.readings.forms import Table
    from kg.readings.selecting import Selection
    from kg.receipt import Permit


class Service:
    """One store, its checks and its queries.

    Args:
        settings: what the operator set; without a store only checks are served.
        create: make a store where there is none.

    Raises:
        kg.errors.StoreError: the store cannot be opened; says by whom it is held or what to do.
    """

    def __init__(self, settings: Settings, *, create: bool = True) -> None:
        self.settings = settings
        self._mutex = threading.Lock()
        if create:
            checker(settings.profile, settings.engine)  # a wrong profile is told before a store is made,
            load(settings.bindings)  # and so is a broken table
        self._ingest: Ingest | None = None
        self._live: Live | None = None
        if settings.store is not None:
            from kg.opening import open_ingest

            self._ingest = open_ingest(settings, create=create)
            self._fill(self._ingest.graphs)
            if settings.vtn_id:
                from kg.openadr import live

                self._live = live.Live(self._ingest, settings)
        self._asking: Asking | None = None

    def __enter__(self) -> "Service":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is under way and give the store back."""
        if self._live is not None:
            self._live.close()
            self._live = None
        if self._asking is not None:
            self._asking.close()
        if self._ingest is not None:
            self._ingest.close()

    def check(
        self, data: bytes, *, profile: str | None = None, engine: str | None = None, **beside: Any
    ) -> Report:
        """Check a payload without recording it.

        Args:
            data: the payload.
            profile: level of strictness; that of the settings without it.
            engine: SHACL engine, likewise.
            beside: ``context`` and ``now``, as ``kg.check.check`` takes them.
        """
        made = checker(profile or self.settings.profile, engine or self.settings.engine)
        return made.check(data, max_bytes=self.settings.max_payload_bytes, **beside)

    def lift(self, data: bytes, form: str) -> str:
        """Write the graph that a payload means as ``"turtle"``, ``"nt"`` or ``"jsonld"``; nothing is kept."""
        return graph_text(data, form, self.settings.max_payload_bytes)

    def explain(self, data: bytes) -> list[Meaning]:
        """Explain every value of a payload; the store tells what data points were registered as."""
        graphs = self._ingest.graphs if self._ingest is not None else None
        return explained(data, graphs, self.settings.bindings, self.settings.max_payload_bytes)

    @property
    def store(self) -> "Ingest":
        """The open store.

        Raises:
            UsageError: the service was started without one.
        """
        if self._ingest is None and self.settings.tenants is not None:
            raise UsageError(
                "the service has a store for each tenant, and the request names none",
                cure="send the header FlexKG-Tenant with one that `flexkg tenants` lists, or a token of one",
                code="no-tenant",
            )
        if self._ingest is None:
            raise UsageError("the service has no store", cure="start it with --store DIR", code="no-store")
        return self._ingest

    @property
    def vtn(self) -> "Vtn":
        """The VTN.

        Raises:
            UsageError: the service was started without one.
        """
        return self._served.vtn

    @property
    def operator(self) -> "Operator":
        """Who issues events and asks for reports.

        Raises:
            UsageError: the service was started without a VTN.
        """
        return self._served.operator

    @property
    def _served(self) -> "Live":
        if self._live is None:
            raise UsageError("no VTN is served", cure="start with --store DIR --vtn ID", code="no-store")
        return self._live

    def start(self) -> None:
        """Start what runs beside the requests: pushing, and the rounds with the VTN above."""
        if self._live is not None:
            self._live.start()

    @property
    def registry(self) -> "Registry":
        """The registry of activations."""
        from kg.activation.registry import Registry

        return Registry(self.store)

    def pack(self, event_id: str, out: Path, vtn: str = "", **which: Any) -> int:
        """Write the evidence pack of an event to a new folder; see ``kg.activation.pack.make_pack``."""
        from kg.activation.pack import make_pack

        return make_pack(self.store, event_id, out, vtn=vtn, **which)

    def settle(self, event_id: str, vtn: str = "") -> "Settlement":
        """Work out what an event delivered and record it; says which entries were made, and why no others."""
        from kg.activation.settlement import settle

        return settle(self.store, event_id, vtn)

    @property
    def has_store(self) -> bool:
        """Whether a store is open."""
        return self._ingest is not None

    def ingest(self, data: bytes, *, sender: str = "", permit: "Permit | None" = None) -> "Receipt":
        """Check, record and apply one payload; it is on disk when this returns.

        Args:
            data: the payload.
            sender: ID of the party that the transport knows as its sender.
            permit: raises where its sender may not send such a message about such parties.
        """
        return self.store.ingest(data, sender=sender, permit=permit)

    def ingest_many(self, payloads: Iterable[tuple[str, bytes]]) -> "Iterator[tuple[str, Receipt]]":
        """Check, record and apply (name, bytes) of payloads, several to one fsync; receipts come after it."""
        return self.store.ingest_many(payloads)

    def known(self) -> Context:
        """Give what the store knows, as the context of a check."""
        complete = Kind if self.settings.rules_across == "enforce" else ()
        return StoreContext(self.store.graphs, complete=complete, enforced=True)

    def reply(self, data: bytes, receipt: "Receipt", by: "Answerer") -> bytes | None:
        """Make the OpenADR message that answers a payload that was taken in; None where it has no answer.

        Raises:
            UsageError: a registration is accepted and no identifiers are assigned to it.
        """
        from kg.replies import reply_of

        return reply_of(data, receipt.report, receipt.lifted, by=by)

    def readings(self, selection: "Selection") -> "Table":
        """Give the readings of a selection, to be written as JSON, CSV, Arrow, Parquet or a DataFrame."""
        from kg.readings.forms import table

        self.store.follower.settle()
        return table(self.store.readings, self.store.graphs, selection)

    def stored(self) -> dict[str, StoredQuery]:
        """Give the stored queries by name: those that are shipped and those of the settings' folder."""
        return stored_queries(self._folders)

    @property
    def _folders(self) -> tuple[Path, ...]:
        return (self.settings.queries,) if self.settings.queries is not None else ()

    def ask(self, query: str, values: Mapping[str, str] | None = None) -> Answer:
        """Answer a SPARQL query or a stored query by its name.

        Args:
            query: SPARQL text, or a name such as ``"events"``.
            values: parameters of a stored query, as text.

        Raises:
            QueryError: the query is refused or does not parse, or no stored query has that name.
        """
        self.store.follower.settle()
        if "{" not in query and query.strip().replace("-", "").replace("_", "").isalnum():
            return self.ask_stored(query.strip(), values or {})
        if values:
            raise QueryError("only stored queries take parameters", cure="name a stored query")
        return self.asking.here(query)

    def ask_stored(self, name: str, values: Mapping[str, str]) -> Answer:
        """Answer a stored query; what is no name of one is never taken for a query.

        Raises:
            QueryError: no stored query has that name (code ``unknown-query``), or a value is none of its
                parameter's.
        """
        stored = stored_query(name, self._folders)
        return self.asking.answer(stored.text, stored.bindings(values))

    def update(
        self, text: str, *, base: str, using: Sequence[str] = (), named: Sequence[str] = (), author: str = ""
    ) -> int:
        """Perform the update of an administrator (``author``); gives its row in the journal.

        Raises:
            QueryError: see ``kg.sparql.updates.prepare``; or it cannot be performed. Nothing was recorded.
        """
        made, shift = prepare(text, base=base, using=using, named=named)
        try:
            return self.store.update(made, author, trial=self._trial)
        except QueryError as error:
            raise explain(error, shift, made) from error

    @property
    def _trial(self) -> Trial:
        return Trial(self.settings.update_seconds, self.settings.update_memory << 20)

    def measures(self) -> Measures:
        """Measure the open store."""
        age = self._asking.snapshots.current_age if self._asking is not None else 0.0
        return measured(self.store, age)

    def leaving(self) -> "Leaving":
        """Give what erases subjects while the service goes on."""
        from kg.leaving import Leaving

        forget = self._live.vtn.forgetting if self._live is not None else lambda _: nullcontext(int)
        return Leaving(self.store, self._fill, forget, self.settings.bindings)

    def _fill(self, graphs: GraphStore) -> None:
        """Put into a graph what is not from the journal."""
        assert self.settings.store is not None
        load_into(graphs, copies(self.settings.store))
        load_copies(graphs, self.settings.store)

    @property
    def asking(self) -> Asking:
        """What makes users' queries over this store ready for workers."""
        with self._mutex:
            if self._asking is None:
                store, settings = self.store, self.settings
                root, late = store.journal.directory.snapshots, settings.snapshot_seconds
                longest, most = settings.max_query_characters, settings.max_table_rows
                self._asking = Asking(store.graphs, store.readings, root, late, longest, most, store.follower)
            return self._asking
