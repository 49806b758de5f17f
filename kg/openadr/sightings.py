"""When each VEN was last heard of, and last delivered a report: kept in a graph, for the next start."""

import json
from datetime import datetime
from typing import Final

from kg.errors import StoreError
from kg.graphs import APPLIED, LIVE, counted, lexical
from kg.ingest import Ingest
from kg.literals import date_time, integer, segment
from kg.namespaces import FLEX, ID
from kg.openadr.event_request import zulu
from kg.openadr.vtn import Vtn

_SEEN: Final = f"<{FLEX}lastSeenAt>"
_REPORTED: Final = f"<{FLEX}lastReportAt>"
_UPTO: Final = f"<{APPLIED}>"
_DELIVERY: Final = "oadrUpdateReport"
#: Rows that are read at most where nothing was written.
_FEW: Final = 10_000


class Sightings:
    """Writes down when VENs were heard of, and reads it again.

    Polls are not recorded, so no message says it; deliveries are, but by millions. So what was written last
    counts, and the rows of the journal behind it.

    Args:
        ingest: the open store.
        vtn: the VTN whose VENs these are.
    """

    def __init__(self, ingest: Ingest, vtn: Vtn) -> None:
        self._ingest, self._vtn = ingest, vtn
        self._reached = ingest.journal.head.seq

    def write(self) -> None:
        """Write what is known now; where there is no room, the next time may find some."""
        reached = self._reached  # as of the time before: a row on its way to the roster is read again
        self._reached = self._ingest.journal.head.seq
        lines = [f"<{LIVE}> {_UPTO} {integer(str(reached))} ."]
        with self._vtn.lock:
            for ven in self._vtn.roster.vens.values():
                for term, time in ((_SEEN, ven.last_seen), (_REPORTED, ven.last_report)):
                    if time is not None:
                        lines.append(f"<{ID}party/{segment(ven.ven_id)}> {term} {date_time(zulu(time))} .")
        try:
            self._ingest.graphs.replace(LIVE, "\n".join([*lines, ""]))
        except StoreError:
            return

    def recall(self) -> None:
        """Tell the roster what was written, and what the journal holds since."""
        by_iri = {f"<{ID}party/{segment(v.ven_id)}>": v for v in self._vtn.roster.vens.values()}
        written = max(0, self._ingest.journal.head.seq - _FEW)
        for statement in self._ingest.graphs.match(None, None, None, LIVE):
            if statement.predicate == _UPTO:
                written = counted(statement.object)
            elif (ven := by_iri.get(statement.subject)) is not None:
                time = datetime.fromisoformat(lexical(statement.object))
                if statement.predicate == _SEEN:
                    ven.last_seen = time
                elif statement.predicate == _REPORTED:
                    ven.last_report = time
        self._reached = written
        self._read_on(written)

    def _read_on(self, after: int) -> None:
        """Find the deliveries behind a row of the journal."""
        keys = self._ingest.journal.keys
        for row in self._ingest.journal.rows(after):
            if row.direction != "in" or row.verdict != "conforms":
                continue
            time = datetime.fromisoformat(row.received)
            for pseudonym, *_ in json.loads(row.subjects):
                ven = self._vtn.roster.vens.get(keys.name(pseudonym) or "")
                if ven is None:
                    continue
                ven.last_seen = max(filter(None, (ven.last_seen, time)))
                if row.message_type == _DELIVERY:
                    ven.last_report = max(filter(None, (ven.last_report, time)))
