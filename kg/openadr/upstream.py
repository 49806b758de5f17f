"""FlexKG as VEN: registers with the VTN above, takes its events, answers, and reports what lies below."""

import logging
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Final, Protocol

from kg.answering import Answerer
from kg.errors import UsageError
from kg.ingest import Ingest
from kg.lift import Lifted
from kg.openadr.courier import Courier
from kg.openadr.distribution import opt_out
from kg.openadr.graph import MessageGraph, new_id
from kg.openadr.merged import offer, update
from kg.openadr.told import Message
from kg.rebuild import recorded
from kg.receipt import Receipt
from kg.replies import reply
from kg.xml import MAX_BYTES

_log = logging.getLogger("flexkg.openadr")
_RESPONSE: Final = re.compile(rb"<(?:\w+:)?oadrResponse[\s>]")
_SAID: Final = re.compile(rb"responseDescription>\s*([^<]{1,300})")
_CODE: Final = re.compile(rb"responseCode>\s*(\d{3})\s*<")
_OF_REPORTS: Final = ("oadrRegisteredReport", "oadrCreateReport", "oadrCancelReport", "oadrUpdatedReport")
#: Intervals of one delivery; what waited for long goes in several.
_AT_ONCE: Final = 500


class Below(Protocol):
    """What carries out events for a VEN: the VTN's side of a node, or a device."""

    def carry_out(self, message: Message) -> dict[str, str]:
        """Take the events of an oadrDistributeEvent; gives an optType for each eventID."""

    def withdrawn(self) -> dict[str, int]:
        """Give the events that can no longer be carried out: eventID -> modificationNumber."""

    @property
    def opt_reason(self) -> str:
        """The optReason of such an opt-out, one of OpenADR's."""

    def readings(self, request: str, length: str) -> dict[str, Decimal]:
        """Give start of interval -> mean power in watts of what was not reported yet under a request."""

    def reported(self, request: str, starts: Iterable[str]) -> None:
        """Note that these were delivered under a request."""


class Upstream:
    """A VEN of the VTN above.

    Args:
        way: the VTN's address, ending in ``/OpenADR2/Simple/2.0b``, or the way there.
        name: venName, and venID to ask for.
        ingest: records every message in and out; where it verifies signatures, the VTN has to sign.
        below: carries out what is asked for.
        shortest: shortest sampling period of the report that it offers, an OpenADR duration.
    """

    def __init__(
        self, way: str | Courier, name: str, ingest: Ingest, below: Below, *, shortest: str = "PT1M"
    ) -> None:
        self._shortest = shortest
        self._courier = way if isinstance(way, Courier) else Courier(way.rstrip("/"))
        self.url, self.name, self._ingest, self._below = self._courier.url, name, ingest, below
        self.ven_id, self.registration_id, self.vtn_id = name, "", ""
        self.requests: dict[str, str] = {}
        self._opts: dict[str, str] = {}
        self._refused = ""
        self._restore()

    def _restore(self) -> None:
        for row in self._ingest.journal.rows(without=("oadrPoll", "oadrUpdateReport", "oadrUpdatedReport")):
            record = recorded(self._ingest.journal, row) if row.verdict == "conforms" else None
            if record is not None and record.lifted is not None and row.direction == "in":
                self._learn(Message(record.lifted))
            elif record is not None and record.lifted is not None:
                m = Message(record.lifted)
                self._opts |= {event: opt for (event, _), opt in m.opts.items()}
                if m.message_type == "oadrCanceledReport" and m.one("venID") == self.ven_id:
                    left = {m.text(node, "reportRequestID") for node in m.nodes("pendingReport")}
                    self.requests = {name: size for name, size in self.requests.items() if name in left}

    def _learn(self, m: Message) -> None:
        """Note what a message from above tells."""
        if m.message_type == "oadrCreatedPartyRegistration" and m.one("registrationID"):
            self.registration_id, self.vtn_id = m.one("registrationID"), m.one("vtnID")
            self.ven_id = m.one("venID") or self.ven_id
        elif m.message_type in ("oadrRegisteredReport", "oadrCreateReport"):
            for node in m.nodes("reportRequest"):
                self.requests[m.text(node, "reportRequestID")] = m.text(node, "granularity")
        elif m.message_type in ("oadrCancelReport", "oadrUpdatedReport"):
            for node in m.nodes("cancelsReport", _canceling(m)):
                self.requests.pop(m.text(node, "reportRequestID"), None)

    def step(self) -> None:
        """Do one round: register where that is due, poll, answer, opt out where that is due.

        Raises:
            kg.openadr.transport.PartyUnreachable: the VTN above is not reached; the next round tries again.
        """
        if not self.registration_id:
            self.register()
        self._take(self._call("OadrPoll", self._poll(), record=False))
        for event_id, number in self._below.withdrawn().items():
            if self._opts.get(event_id) == "optIn":
                made = opt_out(self.ven_id, event_id, number, self._below.opt_reason)
                if self._take(self._call("EiOpt", made)) != "463":
                    self._opts[event_id] = "optOut"

    def cut(self) -> None:
        """Wait for the VTN above no longer, and ask it nothing more."""
        self._courier.line.cut()

    def register(self) -> None:
        """Register, offer the merged report, and ask for the events that are under way."""
        g = MessageGraph("oadrCreatePartyRegistration")
        g.text(g.iri, "requestID", new_id("req"))
        g.party(self.ven_id)
        g.concept(g.iri, "profileName", "profile", "2.0b")
        g.concept(g.iri, "transportName", "transport", "simpleHttp")
        g.value(g.iri, "reportOnly", "false", "boolean")
        g.value(g.iri, "xmlSignature", str(self._courier.signs).lower(), "boolean")
        g.text(g.iri, "venName", self.name)
        g.value(g.iri, "httpPullModel", "true", "boolean")
        self._take(self._call("EiRegisterParty", g.payload()))
        if not self.registration_id:
            said = f": {self._refused}" if self._refused else ""
            raise UsageError(
                f"the VTN above refused the registration{said}", where=self.url, cure="ask who runs it"
            )
        self._take(self._call("EiReport", offer(self.ven_id, self._shortest)))
        self.sync()

    def sync(self) -> None:
        """Ask for all events."""
        g = MessageGraph("oadrRequestEvent")
        g.text(g.iri, "requestID", new_id("req"))
        g.party(self.ven_id)
        self._take(self._call("EiEvent", g.payload()))

    def report(self) -> int:
        """Deliver what was not reported yet, under each request; gives the number of intervals."""
        return self._deliver(self.requests)

    def _deliver(self, requests: dict[str, str]) -> int:
        sent = 0
        for request, length in list(requests.items()):
            for values in _portions(self._below.readings(request, length)):
                if self._take(self._call("EiReport", update(self.ven_id, request, length, values))) == "463":
                    return sent  # it is delivered after the registration
                self._below.reported(request, values)
                sent += len(values)
        return sent

    def _call(self, service: str, data: bytes, *, record: bool = True) -> bytes:
        data = self._courier.sealed(data)
        if record:
            self._ingest.ingest(data, sender=self.ven_id, direction="out")
        return self._courier.carry(service, data)

    def _take(self, data: bytes) -> str:
        """Check and record a message from above, and answer it; gives its response code, where it has one."""
        if not data.strip():
            return ""
        if _RESPONSE.search(data):  # of these only the code counts
            if forged := self._forged(data):
                self._refused = forged
                _log.warning("refused an answer of the VTN above: %s", forged)
                return ""
            code = _CODE.search(data)
            said = _SAID.search(data)
            if code is not None and code[1][:1] != b"2":
                self._refused = (
                    f"{code[1].decode()} {said[1].decode('utf-8', 'replace') if said else ''}".strip()
                )
                _log.warning("the VTN above answered: %s", self._refused)
            if code is not None and code[1] == b"463":  # the VTN does not know this VEN, or not any more
                self.registration_id = ""
            return code[1].decode() if code is not None else ""
        receipt = self._ingest.ingest(data, sender=self.vtn_id)
        if not receipt.accepted or receipt.lifted is None:
            self._refuse(receipt)
            return ""
        m, asked = Message(receipt.lifted), dict(self.requests)
        if m.code == "463":  # it does not know this VEN, or not any more
            words = (m.text(node, "responseDescription") for node in m.nodes("response"))
            self._refused, self.registration_id = " ".join(("463", *words)).strip(), ""
            _log.warning("the VTN above answered: %s", self._refused)
            return m.code
        self._learn(m)
        if m.message_type == "oadrDistributeEvent":
            opts = self._below.carry_out(m)
            self._opts |= opts
            answer = reply(receipt.report, receipt.lifted, by=Answerer(party=self.ven_id, opts=opts))
            if answer is not None and opts:
                self._take(self._call("EiEvent", answer))
        elif m.message_type in _OF_REPORTS:
            if m.nodes("reportRequest") or m.nodes("cancelsReport", _canceling(m)):
                self._take(self._call("EiReport", self._accepted(m)))
            if m.text(_canceling(m), "reportToFollow") == "true":
                self._deliver({name: size for name, size in asked.items() if name not in self.requests})
        elif m.message_type == "oadrRequestReregistration":
            self.registration_id = ""
        elif m.message_type == "oadrCancelPartyRegistration":
            self.registration_id = ""
            answer = reply(receipt.report, receipt.lifted, by=Answerer(party=self.ven_id))
            self._take(self._call("EiRegisterParty", answer or b""))
        return m.code

    def _refuse(self, receipt: Receipt) -> None:
        _log.warning("refused what the VTN above sent: %s", receipt.summary)
        lifted: Lifted | None = receipt.lifted
        answer = reply(receipt.report, lifted, by=Answerer(party=self.ven_id, whole=True)) if lifted else None
        if answer is not None and lifted is not None and lifted.message_type == "oadrDistributeEvent":
            self._call("EiEvent", answer)

    def _forged(self, data: bytes) -> str:
        """Say why a message is not the VTN's, where it has to sign; empty where nothing speaks against it."""
        notary = self._ingest.notary
        sealed = notary.examine(data, sender=self.vtn_id, max_bytes=MAX_BYTES) if notary else None
        refusal = sealed.refusal if sealed is not None else None
        return f"{refusal.violations[0].rule}: {refusal.violations[0].message}" if refusal else ""

    def _poll(self) -> bytes:
        g = MessageGraph("oadrPoll")
        g.party(self.ven_id)
        return g.payload()

    def _accepted(self, m: Message) -> bytes:
        canceling = _canceling(m)
        g = MessageGraph("oadrCanceledReport" if m.nodes("cancelsReport", canceling) else "oadrCreatedReport")
        g.answer(m.text(canceling, "requestID") or m.answers)
        for position, name in enumerate(self.requests):
            node = g.child(g.iri, "pendingReport", "pending-report", position, "ReportRequestReference")
            g.text(node, "reportRequestID", name)
        g.party(self.ven_id)
        return g.payload()


def _canceling(m: Message) -> str:
    """Give the node that cancels reports: the one within an oadrUpdatedReport, else the message."""
    return next(iter(m.nodes("cancelReport")), m.message)


def _portions(values: dict[str, Decimal]) -> Iterator[dict[str, Decimal]]:
    """Part readings into deliveries, none too large for whoever takes them."""
    rows = iter(values.items())
    while some := dict(islice(rows, _AT_ONCE)):
        yield some
