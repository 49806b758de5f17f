"""The desk: what a person gets from a service."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from kg.clients import clients, nameable
from kg.erased import Erased, prove
from kg.erasure import remove
from kg.errors import Forbidden, UsageError
from kg.graphs import lexical
from kg.holds import Holds
from kg.identity.caller import Caller
from kg.identity.office import Office
from kg.leaving import can_leave
from kg.literals import string
from kg.mandates import Mandate, Mandates, as_dict
from kg.opting import opt_out
from kg.readings import series_of
from kg.service import Service
from kg.sight import Sight
from kg.takeout import files_of


class Desk:
    """Serves persons.

    Args:
        office: knows pseudonyms and certificates; None where no device is enrolled.

    Attributes:
        sight: answers queries with what their callers may see.
    """

    def __init__(self, office: Office | None = None) -> None:
        self._office = office
        self._lock = threading.RLock()
        self.sight = Sight()

    def parties(self, caller: Caller) -> list[str]:
        """Give the venIDs of a caller: the one of its token, and those that the vault knows."""
        known = self._office.vault.parties(caller.tenant, caller.subject) if self._office is not None else []
        return sorted({*known, *([caller.party] if caller.party else [])})

    def mandates(self, service: Service) -> Mandates:
        """Give the mandates of a service's store."""
        return self.sight.mandates(service)

    def summary(self, service: Service, caller: Caller) -> dict[str, Any]:
        """Say what is kept about a caller: devices, mandates, events that touched them, readings."""
        parties = self.parties(caller)
        registry = self._office.registry if self._office is not None else None
        certificates = [one for party in parties for one in (registry.of_party(party) if registry else ())]
        return {
            "parties": parties,
            "certificates": [
                {"party": one.party, "sha256": one.sha256, "until": one.ends, "revoked": one.revoked or None}
                for one in certificates
            ],
            "mandates": [as_dict(one) for one in self.mandates(service).of(parties)],
            "clients": clients(service.settings.clients),
            "events": self._events(service, parties) if parties else [],
            "readings": list(_readings(service, parties)),
        }

    def export(self, service: Service, caller: Caller) -> bytes:
        """Give all that is kept about a caller as a ZIP archive, a folder for each venID.

        Raises:
            kg.errors.UsageError: nothing is kept.
        """
        out, found = io.BytesIO(), 0
        journal = service.store.journal
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for party in self.parties(caller):
                person = self._person(caller.tenant, party)
                if person:
                    found += 1
                    archive.writestr(f"{party}/person.json", json.dumps(person, indent=1, ensure_ascii=False))
                if journal.keys.known([party]) is None:
                    continue
                found += 1
                for path, content in files_of(journal, party, bindings=service.settings.bindings).items():
                    archive.writestr(f"{party}/{path}", content)
        if not found:
            raise UsageError("nothing is kept", cure="there is nothing to do", code="unknown-subject")
        return out.getvalue()

    def _person(self, tenant: str, party: str) -> dict[str, Any]:
        """Give what vault and registry of certificates keep about a party; nothing where nobody is known."""
        if self._office is None:
            return {}
        with suppress(UsageError):
            certificates = [
                {"sha256": one.sha256, "until": one.ends, "revoked": one.revoked or None}
                for one in self._office.registry.of_party(party)
            ]
            return {"person": self._office.vault.person(tenant, party), "certificates": certificates}
        return {}

    def erase(self, service: Service, caller: Caller) -> dict[str, Any]:
        """Erase a caller: its data, its certificates, its entries in the vault.

        Raises:
            kg.errors.UsageError: nothing is kept, or it is under a legal hold; nothing is erased.
        """
        parties, tenant = self.parties(caller), caller.tenant
        with self._lock:
            known = [party for party in parties if service.store.journal.keys.known([party]) is not None]
            entered = self._office is not None and bool(self._office.vault.parties(tenant, caller.subject))
            if not known and not entered:
                raise UsageError("nothing is kept", cure="there is nothing to do", code="unknown-subject")
            holds = Holds(service.store.journal.directory)
            for party in known:
                holds.refuse(party)
            for party in parties:
                if self._office is not None:  # first: no device may bring the name back
                    self._office.registry.revoke(party=party)
            in_use = not known or can_leave(service.store)
            removed = self._leave(service, known) if in_use else self._apart(service, known)
            # of a device that never sent anything, or whose erasure was cut off, the vault alone knows
            removed += [(Erased(), [party]) for party in parties if party not in known]
            self._forget(tenant, parties)  # before the proof, which may fail and can be sought again
            store = service.store
            for one, names in removed:
                directory, others = store.journal.directory, store.journal.keys.names()
                prove(directory, names, one, others, store.graphs, store.readings)
            done = [one for one, _ in removed]
        return {
            "rows": sum(one.rows for one in done),
            "redacted": sum(one.redacted for one in done),
            "files": done[-1].files,
            "bytes": done[-1].bytes,
            "hits": [str(hit) for one in done for hit in one.hits],
            "shared": sorted({name for one in done for name in one.shared}),
        }

    def _forget(self, tenant: str, parties: list[str]) -> None:
        """Remove from the vault who is behind parties."""
        if self._office is not None:
            for party in parties:
                self._office.vault.forget(tenant, party)

    def grant(
        self, service: Service, caller: Caller, assignee: str, purpose: str, until: datetime
    ) -> list[Mandate]:
        """Let a client see a caller's data; one mandate for each of its venIDs.

        Raises:
            Forbidden: the caller has no venID.
            kg.errors.UsageError: it names a client that mandates may not name, or is wrong otherwise.
        """
        parties = self.parties(caller)
        if not parties:
            raise Forbidden("the caller has no device here", cure="enrol one first", code="not-yours")
        nameable(assignee, clients(service.settings.clients))
        return [self.mandates(service).grant(party, assignee, purpose, until) for party in parties]

    def opt_out(self, service: Service, caller: Caller, event: str) -> str:
        """Opt out of an event that named a caller, as its VEN would; gives the venID.

        Raises:
            Forbidden: no such event named the caller.
            kg.errors.UsageError: the message was refused.
        """
        mine = [one for one in self._events(service, self.parties(caller)) if one["event"] == event]
        if not mine:
            raise Forbidden("no such event names the caller", cure="look at the list", code="not-yours")
        number = max(int(one["number"] or 0) for one in mine)
        party = mine[0]["party"]
        receipt = service.ingest(opt_out(party, event, number), sender=party)
        if not receipt.accepted:
            raise UsageError(receipt.summary, cure="the event may be over", code="refused")
        return party

    def close(self) -> None:
        """Remove what was made for queries."""
        self.sight.close()

    def _leave(self, service: Service, parties: list[str]) -> list[tuple[Erased, list[str]]]:
        """Remove what is kept while the service goes on."""
        removed = []
        for party in parties:
            removed.append(service.leaving().remove(party))
            self.sight.forget(service)
            service.asking.drop()
        return removed

    def _apart(self, service: Service, parties: list[str]) -> list[tuple[Erased, list[str]]]:
        """Remove what is kept while the service gives its store up: where servers hold the readings.

        Who asks meanwhile is told to come again.

        The proof is sought afterwards, while the service goes on.
        """
        store = service.store.journal.directory.path
        self.sight.forget(service)
        service.close()
        try:
            return [remove(store, party, bindings=service.settings.bindings) for party in parties]
        finally:
            Service.__init__(service, service.settings, create=False)
            service.start()

    def _events(self, service: Service, parties: list[str]) -> list[dict[str, str]]:
        """List the events that named one of the parties, newest first, a hundred at most."""
        found: list[dict[str, str]] = []
        for party in parties:
            for row in service.store.graphs.query(
                _EVENTS,
                default_graph=None,
                named_graphs=[],
                bindings={"ven": string(party)},
            ):
                cells = [lexical(cell) if cell else "" for cell in row[1:]]
                found.append({"party": party, **dict(zip(_EVENT, cells, strict=True))})
        return sorted(found, key=lambda one: one["starts"], reverse=True)[:100]


_EVENT = ("event", "starts", "number", "status", "program", "asks")
_EVENTS = """PREFIX flex: <https://w3id.org/flexkg/def#>
SELECT DISTINCT ?ven ?id ?start ?number (REPLACE(STR(?state), ".*/", "") AS ?status)
  (STR(?context) AS ?program) ?asks {
  ?version flex:versionOf ?event ; flex:target ?target ; flex:startsAt ?start .
  ?version flex:modificationNumber ?number . ?event flex:eventID ?id . ?target flex:venID ?ven .
  OPTIONAL { ?version flex:eventStatus ?state }
  OPTIONAL { ?version flex:marketContext ?context }
  OPTIONAL {
    SELECT ?version (GROUP_CONCAT(DISTINCT ?one; separator=", ") AS ?asks) {
      ?version flex:signal ?signal . ?signal flex:signalName ?name ; flex:interval/flex:value ?value
      BIND(CONCAT(REPLACE(STR(?name), ".*/", ""), " ", STR(?value)) AS ?one)
    } GROUP BY ?version
  }
}"""


def _readings(service: Service, parties: list[str]) -> Iterator[dict[str, Any]]:
    """Say of each series of the parties how many readings there are, and what the last one is."""
    store, starts = service.store.readings, tuple(map(series_of, parties))
    for series in store.series() if starts else ():
        last = store.latest(series) if series.startswith(starts) else None
        if last is not None:
            yield {
                "party": next(party for party in parties if series.startswith(series_of(party))),
                "series": series,
                "number": store.count(series),
                "last": last.starts_at.isoformat(),
                "value": str(last.value),
                "unit": (last.unit or "").rpartition("/")[2],
            }
