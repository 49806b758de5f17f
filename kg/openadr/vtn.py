"""The VTN: what each message of a VEN leads to, and what a VEN gets when it polls."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from kg.answering import Answerer
from kg.check import Checker
from kg.ingest import Ingest
from kg.lift import Lifted
from kg.openadr import distribution
from kg.openadr.accepting import Accepting
from kg.openadr.circulars import Circular, Circulars
from kg.openadr.entry_gate import Gate
from kg.openadr.express import Express
from kg.openadr.forms import Forms
from kg.openadr.news import News
from kg.openadr.policy import Policy
from kg.openadr.polls import Polls
from kg.openadr.registering import registrar
from kg.openadr.roster import IDLE, Roster
from kg.openadr.told import is_registering, text_of, ven_of
from kg.openadr.ven import Ven
from kg.rebuild import recorded
from kg.receipt import Permit, Receipt
from kg.replies import reply
from kg.report import Report

_RESOURCE: Final = b"resourceID>"


class Vtn:
    """A VTN over one store.

    Args:
        ingest: takes in and records every message; its graph has to be up to date.
        checker: checks what is not recorded, polls.
        policy: how it behaves.
        max_bytes: largest payload accepted.
    """

    def __init__(self, ingest: Ingest, checker: Checker, policy: Policy, max_bytes: int) -> None:
        self.policy, self.ingest, self._checker, self._max_bytes = policy, ingest, checker, max_bytes
        self.roster = Roster(policy.vtn_id)
        self.lock = threading.RLock()
        #: held while an operator's wish is worked out and told: the next one sees what came of it
        self.deciding = threading.RLock()
        self.circulars = Circulars(ingest, policy.vtn_id)
        self._news = News(self)
        self._gate = Gate(self.roster, policy.destinations)
        self._accepting = Accepting(ingest, policy, self.roster)
        self._forms = Forms(ingest, self._accepting)
        #: takes what is like what came before; to be started by who serves
        self.express = Express(self, self._forms)
        #: called with each message that was recorded and conforms: its type, VEN, direction and row
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._polls = Polls(ingest, self.roster)
        self._restore()

    def _restore(self) -> None:
        """Learn from the journal what was known when the process before this one ended."""
        for row in self.ingest.journal.rows(without=IDLE):
            record = recorded(self.ingest.journal, row) if row.verdict == "conforms" else None
            if record is not None and record.lifted is not None:
                self.roster.apply(record.lifted, row.direction, row.seq)

    def answer(self, data: bytes, service: str, *, permit: Permit | None = None, party: str = "") -> bytes:
        """Answer a message of a VEN; it is on disk when this returns.

        Args:
            data: the message as received.
            service: the endpoint that it came to: ``"EiEvent"``, ``"EiReport"``, ``"EiRegisterParty"``,
                ``"EiOpt"`` or ``"OadrPoll"``.
            permit: raises where the other end may not send such a message about such subjects.
            party: venID that the transport vouches for; empty where it vouches for nobody.

        Returns:
            The message that answers it; empty for one that ends an exchange.

        Raises:
            kg.errors.StoreUnavailable: it could not be recorded, and was not answered.

        Source:
            OpenADR 2.0b Profile Specification, service operations.
        """
        if service == "OadrPoll":
            notary = self.ingest.notary
            known = self._polls.find(data) if permit is None and notary is None else None
            if known is not None:
                known[0].last_seen = datetime.now(UTC)
                return self.news(known[0]) or self._sealed(known[1])
            report, lifted = self._checker.examine(data, max_bytes=self._max_bytes)
            if report.conforms and lifted is not None and lifted.message_type == "oadrPoll":
                if permit is not None:
                    permit("oadrPoll", (ven_of(lifted),))
                sealed = notary.examine(data, sender=party, max_bytes=self._max_bytes) if notary else None
                if sealed is not None and sealed.refusal is not None:
                    return self._sealed(
                        reply(sealed.refusal, lifted, by=Answerer(party=ven_of(lifted))) or b""
                    )
                return self._poll(data, lifted)
        receipt = self.ingest.ingest(
            data,
            sender=party,
            permit=permit,
            gate=self._gate.of(service),
            answer=self._accepting,
        )
        lifted = receipt.lifted
        if not receipt.accepted or lifted is None:
            return self._refuse(data, receipt, lifted)
        now = datetime.now(UTC)
        with self.lock:
            if not receipt.duplicate and receipt.seq is not None:
                self._apply(lifted, "in", receipt.seq)
            if receipt.answer is not None and receipt.answer.lifted is not None:
                self._apply(receipt.answer.lifted, "out", receipt.answer.seq)
            ven = self.roster.ven(ven_of(lifted))
            if ven is not None:
                ven.last_seen = now
                if lifted.message_type == "oadrUpdateReport":
                    ven.last_report = now
        if receipt.answer is not None:
            if lifted.message_type == "oadrCreatedEvent" and self.express.is_alive():
                self._forms.learn(data)
            return receipt.answer.data
        made = self._reply(lifted, receipt.report, ven, party)
        if made is None:
            return b""
        return made if lifted.message_type == "oadrRequestEvent" else self.send(made)

    def _apply(self, lifted: Lifted, direction: str, seq: int) -> None:
        """Let the roster follow a message, and tell those who listen."""
        self.roster.apply(lifted, direction, seq)
        if self.listeners:
            self.announce(lifted.message_type, ven_of(lifted), direction, seq)

    def announce(self, message_type: str, ven: str, direction: str, seq: int) -> None:
        """Tell those who listen of a message that was recorded and conforms."""
        told = {"message_type": message_type, "ven": ven, "direction": direction, "row": seq}
        for listener in list(self.listeners):
            listener(told)

    @contextmanager
    def forgetting(self, ven_id: str) -> Iterator[Callable[[], None]]:
        """Hold the roster while a VEN is erased; gives what lets it know nothing of the VEN any more."""

        def forget() -> None:
            self.roster.drop(ven_id)
            self._polls.forget(ven_id)

        with self.lock:
            yield forget

    def send(self, data: bytes) -> bytes:
        """Sign and record an answer that is about to be sent, and note what it changes; gives it back."""
        data = self._sealed(data)
        self.record(data, settled=False)
        return data

    def _sealed(self, data: bytes) -> bytes:
        return self.policy.seal(data) if self.policy.seal is not None and data else data

    def given_out(self, data: bytes) -> bytes:
        """Sign what was recorded when it was decided and goes out now; what goes out is recorded too."""
        if self.policy.seal is not None and data:
            data = self._sealed(data)
            self.ingest.ingest(data, sender=self.policy.vtn_id, direction="out", settled=False)
        return data

    def record(self, data: bytes, *, settled: bool = True) -> Receipt:
        """Check and record a message of our own; the roster follows where it conforms."""
        receipt = self.ingest.ingest(data, sender=self.policy.vtn_id, direction="out", settled=settled)
        self._follow([receipt])
        return receipt

    def tell(self, told: Sequence[tuple[Ven, Circular]]) -> list[Receipt]:
        """Record what VENs are told of events, in one transaction; the roster follows what was accepted.

        Raises:
            kg.errors.StoreUnavailable: none of it could be recorded.
        """
        works = [one.work for _, one in told]
        with self.lock:
            # who has which event in which version the roster knows; of resources only the store does
            compare = any(_RESOURCE in work.data for work in works)
            receipts = self.ingest.take(works, compare=compare, new=True)
            for (ven, one), receipt in zip(told, receipts, strict=True):
                if one.events and receipt.accepted and receipt.seq is not None:
                    self.roster.distributed(one.request_id, receipt.seq, one.events, one.told)
                    self.announce("oadrDistributeEvent", ven.ven_id, "out", receipt.seq)
                else:
                    self._follow([receipt])
                if ven.distributed is not None and ven.distributed.seq == receipt.seq:
                    ven.distributed.data = one.work.data
        return receipts

    def _follow(self, receipts: Iterable[Receipt]) -> None:
        with self.lock:
            for one in receipts:
                if one.accepted and one.lifted is not None and one.seq is not None:
                    self._apply(one.lifted, "out", one.seq)

    def glance(self, data: bytes, party: str = "") -> bytes | None:
        """Answer at once a poll that is known, where that takes no writing and no waiting; else None.

        Args:
            data: the poll as received.
            party: venID that the transport vouches for; another one's poll is not answered here.
        """
        known = self._polls.find(data) if self.ingest.notary is None and self.policy.seal is None else None
        if known is None or (party and known[0].ven_id != party):
            return None
        ven, idle = known
        news = self._news.glance(ven) if ven.outgoing or ven.events else b""
        if news is None:
            return None
        ven.last_seen = datetime.now(UTC)
        return news or idle

    def _poll(self, data: bytes, lifted: Lifted) -> bytes:
        """Answer a poll whose bytes are new here."""
        name = ven_of(lifted)
        ven = self.roster.ven(name)
        if ven is None:
            known = self.roster.vens.get(name)
            if known is not None:  # a registration that ended: let it begin anew
                return self._sealed(distribution.request_reregistration(name))
            return self._sealed(distribution.response("", name, "463", "The VEN is not registered."))
        ven.last_seen = datetime.now(UTC)
        if self.ingest.notary is None:  # else each poll has a nonce of its own
            self._polls.learn(data)
            self._polls.keep(data, name)
        return self.news(ven) or self._sealed(self._polls.idle(name))

    def news(self, ven: Ven) -> bytes | None:
        """Give what a VEN is to learn next, None where there is nothing; see ``kg.openadr.news``."""
        return self._news.next(ven)

    def _refuse(self, data: bytes, receipt: Receipt, lifted: Lifted | None) -> bytes:
        """Answer a message that was refused, with the code that its findings lead to."""
        name = ven_of(lifted) if lifted is not None else ""
        by = Answerer(party=self.policy.vtn_id if is_registering(lifted) else name, whole=True)
        made = reply(receipt.report, lifted, by=by)
        if made is None:
            return b""
        return self.send(made) if receipt.seq is not None else self._sealed(made)

    def _reply(self, lifted: Lifted, report: Report, ven: Ven | None, party: str) -> bytes | None:
        """Make the answer to a message that was accepted."""
        kind, name = lifted.message_type, ven_of(lifted)
        if kind == "oadrRequestEvent" and ven is not None:
            limit = text_of(lifted, "replyLimit")
            return self._news.asked(ven, text_of(lifted, "requestID"), int(limit) if limit else 0)
        if kind == "oadrRegisterReport" and ven is not None:
            return self._registered_report(lifted, ven)
        if kind in ("oadrCreatePartyRegistration", "oadrQueryRegistration"):
            return reply(report, lifted, by=registrar(self.policy, self.roster, name or party))
        if kind == "oadrResponse":
            return None
        asked = list(ven.requests.values()) if ven is not None else []
        pending = tuple(one.request_id for one in asked if one.accepted and not one.cancelled)
        return reply(report, lifted, by=Answerer(party=name, pending=pending))

    def _registered_report(self, lifted: Lifted, ven: Ven) -> bytes:
        every = self.policy.report_every
        with self.lock:
            requests = list(ven.requests.values()) or (distribution.offered(ven, every) if every else [])
        return distribution.registered_report(ven, text_of(lifted, "requestID"), requests, every)
