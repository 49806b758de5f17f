"""Mandates: who may see the data of whom, for what and until when, as ODRL agreements in the journal.

Granting and withdrawing are rows of the journal, under the key of who grants: they are evidence, and they go
when the subject is erased.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kg.certificates import zulu
from kg.directory import open_directory
from kg.entry import Entry
from kg.errors import UsageError
from kg.graphs import facts_of, lexical
from kg.journal import Journal
from kg.literals import date_time, segment, string
from kg.namespaces import DCTERMS, FLEX, ID, RDF, VERSION, XSD
from kg.successors import REDACTED

#: Message type of the rows that hold mandates; they are no payloads.
MANDATE: Final = "mandate"
ODRL: Final = "http://www.w3.org/ns/odrl/2/"
#: Ends for which data may be seen.
PURPOSES: Final = ("settlement", "operation", "advice", "research")


@dataclass(frozen=True, slots=True)
class Mandate:
    """A mandate.

    Attributes:
        id: random, hexadecimal.
        party: venID of who grants.
        assignee: client that may see, as its tokens name it (``client_id``).
        purpose: the end for which alone it counts, one of ``PURPOSES``.
        begins: from when it counts, UTC.
        ends: until when, UTC.
        withdrawn: when it was withdrawn, UTC; None where it was not.
        basis: where the paper is that it was granted on; empty where it was granted on the page.
    """

    id: str
    party: str
    assignee: str
    purpose: str
    begins: datetime
    ends: datetime
    withdrawn: datetime | None = None
    basis: str = ""

    @property
    def iri(self) -> str:
        """IRI of the mandate."""
        return f"{ID}mandate/{self.id}"

    def counts(self, now: datetime) -> bool:
        """Say whether it is in force."""
        return self.withdrawn is None and self.begins <= now < self.ends

    def lines(self) -> Iterator[str]:
        """Give the mandate as N-Triples.

        Source:
            W3C ODRL Information Model 2.2, sections 2.1.3 (agreement), 2.3 (permission), 2.5 (constraint).
        """
        policy, permission = f"<{self.iri}>", f"<{self.iri}/permission>"
        party, client = f"<{ID}party/{segment(self.party)}>", f"<{ID}client/{segment(self.assignee)}>"
        purpose, time = f"<{self.iri}/purpose>", f"<{self.iri}/time>"
        yield f"{policy} <{RDF}type> <{ODRL}Agreement> ."
        yield f"{policy} <{RDF}type> <{FLEX}Mandate> ."
        yield f"{policy} <{ODRL}uid> {policy} ."
        yield f"{policy} <{ODRL}permission> {permission} ."
        yield f"{policy} <{FLEX}mandator> {party} ."
        yield f"{policy} <{FLEX}purpose> {string(self.purpose)} ."
        yield f"{policy} <{FLEX}validFrom> {date_time(zulu(self.begins))} ."
        yield f"{policy} <{FLEX}validUntil> {date_time(zulu(self.ends))} ."
        if self.withdrawn is not None:
            yield f"{policy} <{FLEX}revokedAt> {date_time(zulu(self.withdrawn))} ."
        if self.basis:
            yield f"{policy} <{DCTERMS}source> {string(self.basis)} ."
        yield f"{permission} <{ODRL}assigner> {party} ."
        yield f"{permission} <{ODRL}assignee> {client} ."
        yield f"{permission} <{ODRL}action> <{ODRL}read> ."
        yield f"{permission} <{ODRL}target> {party} ."
        yield f"{permission} <{ODRL}constraint> {purpose} ."
        yield f"{permission} <{ODRL}constraint> {time} ."
        yield f"{purpose} <{ODRL}leftOperand> <{ODRL}purpose> ."
        yield f"{purpose} <{ODRL}operator> <{ODRL}eq> ."
        yield f"{purpose} <{ODRL}rightOperand> {string(self.purpose)} ."
        yield f"{time} <{ODRL}leftOperand> <{ODRL}dateTime> ."
        yield f"{time} <{ODRL}operator> <{ODRL}lt> ."
        yield f'{time} <{ODRL}rightOperand> "{zulu(self.ends)}"^^<{XSD}dateTime> .'
        yield f"{client} <{FLEX}clientName> {string(self.assignee)} ."
        yield f"{party} <{FLEX}venID> {string(self.party)} ."


class Mandates:
    """The mandates of one store.

    Args:
        journal: the open journal.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._known: dict[str, Mandate] = {}
        self._read = 0

    def grant(self, party: str, assignee: str, purpose: str, ends: datetime, *, basis: str = "") -> Mandate:
        """Record that a client may see a party's data; on disk on return.

        Args:
            party: venID of who grants.
            assignee: the client.
            purpose: the end for which alone it counts.
            ends: until when, with zone.
            basis: where the paper is, for what was granted on paper.

        Raises:
            kg.errors.UsageError: the purpose is unknown, or the end is past or has no zone.
        """
        now = datetime.now(UTC).replace(microsecond=0)
        if purpose not in PURPOSES:
            raise UsageError(
                f"{purpose!r} is no purpose", where="purpose", cure=f"one of {', '.join(PURPOSES)}"
            )
        if ends.tzinfo is None or ends <= now:
            raise UsageError(
                "the mandate's end is past or has no zone", where="until", cure="2027-12-31T00:00:00Z"
            )
        if not assignee or len(assignee) > 200:
            raise UsageError("nobody is named who may see", where="assignee", cure="give its client ID")
        until = ends.astimezone(UTC).replace(microsecond=0)
        made = Mandate(secrets.token_hex(16), party, assignee, purpose, now, until, basis=basis[:500])
        self._record(made)
        return made

    def withdraw(self, parties: list[str], id_: str) -> Mandate:
        """Record that a mandate counts no more; it does not from now on.

        Args:
            parties: who withdraws: pseudonyms of one person.
            id_: the mandate.

        Raises:
            kg.errors.UsageError: these parties granted no such mandate (code ``unknown-mandate``).
        """
        found = next((one for one in self.of(parties) if one.id == id_), None)
        if found is None:
            raise UsageError("there is no such mandate", cure="look at the list", code="unknown-mandate")
        if found.withdrawn is None:
            found = replace(found, withdrawn=datetime.now(UTC).replace(microsecond=0))
            self._record(found)
        return found

    def must_know(self, party: str) -> None:
        """Let only a party go on that the journal knows: a mandate for a misspelt one would never count.

        Raises:
            kg.errors.UsageError: it knows no such party (code ``unknown-subject``).
        """
        if self._journal.keys.known([party]) is None:
            raise UsageError(
                "the store knows no such subject",
                cure="give the venID as messages state it",
                code="unknown-subject",
            )

    def all(self) -> list[Mandate]:
        """List all mandates, those that count no more included."""
        return self._all()

    def of(self, parties: list[str]) -> list[Mandate]:
        """List the mandates that parties granted, those that count no more included."""
        return [one for one in self._all() if one.party in parties]

    def covered(self, assignee: str, purpose: str, *, now: datetime | None = None) -> frozenset[str]:
        """Give the parties whose data a client may see for an end now.

        Args:
            assignee: the client.
            purpose: the end that its token states; without one nothing is covered.
            now: the instant.
        """
        at = now or datetime.now(UTC)
        return frozenset(
            one.party
            for one in self._all()
            if one.assignee == assignee and one.purpose == purpose and one.counts(at)
        )

    def _record(self, mandate: Mandate) -> None:
        entry = Entry(
            payload="\n".join([*mandate.lines(), ""]).encode(),
            message_type=MANDATE,
            subjects=(mandate.party,),
            verdict="conforms",
            report='{"sender":""}',
            shapes=VERSION,
        )
        self._journal.append(entry)

    def _all(self) -> list[Mandate]:
        with self._lock:
            reached = self._journal.head.seq
            if reached > self._read:
                for row in self._journal.rows(self._read, only=MANDATE):
                    opened = self._journal.open(row) if row.direction != REDACTED else None
                    if opened is not None:
                        found = read(opened[0].decode())
                        self._known[found.id] = found
                self._read = reached
            return list(self._known.values())


@contextmanager
def recorded(store: Path) -> Iterator[Mandates]:
    """Open the mandates of a store that no other process uses.

    Raises:
        kg.errors.StoreError: there is no store, it is in use, or its journal is damaged.
    """
    journal = Journal(open_directory(store, create=False))
    try:
        yield Mandates(journal)
    finally:
        journal.close()


def as_dict(mandate: Mandate) -> dict[str, Any]:
    """Write a mandate for JSON."""
    return {
        "id": mandate.id,
        "party": mandate.party,
        "assignee": mandate.assignee,
        "purpose": mandate.purpose,
        "begins": mandate.begins.isoformat(),
        "ends": mandate.ends.isoformat(),
        "withdrawn": mandate.withdrawn.isoformat() if mandate.withdrawn else None,
        "basis": mandate.basis,
    }


def read(text: str) -> Mandate:
    """Read a mandate from its N-Triples, as ``Mandate.lines`` writes them."""
    facts = facts_of(text.splitlines())
    policy = next(s for s, p in facts.items() if f"<{FLEX}mandator>" in p)
    permission = facts[facts[policy][f"<{ODRL}permission>"][0]]

    def time(name: str) -> datetime | None:
        return next(
            (datetime.fromisoformat(lexical(v)) for v in facts[policy].get(f"<{FLEX}{name}>", ())), None
        )

    party = facts[facts[policy][f"<{FLEX}mandator>"][0]][f"<{FLEX}venID>"][0]
    client = facts[permission[f"<{ODRL}assignee>"][0]][f"<{FLEX}clientName>"][0]
    begins, ends = time("validFrom"), time("validUntil")
    assert begins is not None
    assert ends is not None
    return Mandate(
        policy[1:-1].rpartition("/")[2],
        lexical(party),
        lexical(client),
        lexical(facts[policy][f"<{FLEX}purpose>"][0]),
        begins,
        ends,
        time("revokedAt"),
        next(map(lexical, facts[policy].get(f"<{DCTERMS}source>", ())), ""),
    )
