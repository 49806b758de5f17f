"""Answers of VENs to events that come by thousands: known by their form, recorded many at a time."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kg.errors import FlexKGError
from kg.openadr.forms import Form, Forms
from kg.receipt import Receipt

if TYPE_CHECKING:
    from kg.openadr.vtn import Vtn

_log = logging.getLogger("flexkg.openadr")
#: Messages that share one transaction.
_AT_ONCE: Final = 32
#: Takes the answer to a message; None: it is to take the long way.
Done = Callable[[bytes | None], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    data: bytes
    form: Form
    texts: Sequence[str]
    done: Done


class Express(threading.Thread):
    """Takes oadrCreatedEvents that differ by names from one that was checked, and that fit what was told.

    What the graph would be asked about such a message, the roster of the VTN knows: who is registered, which
    version of its events it was told last, by which request. Whatever else it may be takes the long way, by
    ``Vtn.answer``; so a message is accepted here that is accepted there, and none is refused here.

    Args:
        vtn: the VTN.
        forms: forms of messages that are known.
    """

    def __init__(self, vtn: "Vtn", forms: Forms) -> None:
        super().__init__(name="openadr-express", daemon=True)
        self._vtn, self._forms = vtn, forms
        self._waiting: deque[_Waiting] = deque()
        self._changed, self._halt = threading.Condition(), False

    def take(self, data: bytes, party: str, done: Done) -> bool:
        """Take a message in, without waiting.

        Args:
            data: the message as received at the endpoint EiEvent.
            party: venID that the transport vouches for; empty where it vouches for nobody.
            done: called with the answer, from another thread, once both are on disk.

        Returns:
            Whether it was taken; else it is to take the long way, and ``done`` is not called.
        """
        plain = self._vtn.ingest.notary is None and self._vtn.policy.seal is None
        found = self._forms.find(data) if plain and self.is_alive() else None
        if found is None or (party and found[0].ven(found[1]) != party):
            return False
        with self._changed:
            if self._halt:
                return False
            self._waiting.append(_Waiting(data, *found, done))
            self._changed.notify()
        return True

    def run(self) -> None:
        """Record what waits, until told to stop and nothing waits."""
        while True:
            with self._changed:
                while not self._waiting:
                    if self._halt:
                        return
                    self._changed.wait()
                batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            answers: list[bytes | None] = [None] * len(batch)
            try:
                self._record(batch, answers)
            except FlexKGError:
                pass  # the long way tells what is wrong
            except Exception:  # noqa: BLE001 - who waits gets its answer on the long way
                _log.exception("answers of VENs could not be taken together")
            for one, answer in zip(batch, answers, strict=True):
                one.done(answer)

    def stop(self) -> None:
        """Record what waits, and stop."""
        with self._changed:
            self._halt = True
            self._changed.notify()
        if self.is_alive():
            self.join(timeout=20)

    def _record(self, batch: Sequence[_Waiting], answers: list[bytes | None]) -> None:
        """Record those that fit what was told, with what answers them; the others get no answer here."""
        now, roster = datetime.now(UTC), self._vtn.roster
        fit = []
        with self._vtn.lock:  # nobody changes an event, or erases a VEN, between looking and recording
            for place, one in enumerate(batch):
                ven = roster.ven(one.form.ven(one.texts))
                if ven is not None and one.form.agrees(ven, one.texts, now):
                    fit.append(place)
            works = [batch[place].form.work(batch[place].data, batch[place].texts) for place in fit]
            receipts = self._vtn.ingest.take(works, compare=False) if works else []
            for place, receipt in zip(fit, receipts, strict=True):
                answers[place] = self._settle(batch[place], receipt, now)

    def _settle(self, one: _Waiting, receipt: Receipt, now: datetime) -> bytes | None:
        """Let the roster follow what is on disk; gives the answer."""
        if receipt.answer is None:
            return None
        name = one.form.ven(one.texts)
        ven = self._vtn.roster.vens[name]
        ven.last_seen = now
        if not receipt.duplicate and receipt.seq is not None:
            self._vtn.roster.answered(ven, one.form.said(one.texts))
            self._vtn.announce("oadrCreatedEvent", name, "in", receipt.seq)
        if receipt.answer.lifted is not None:
            self._vtn.announce(receipt.answer.lifted.message_type, name, "out", receipt.answer.seq)
        return receipt.answer.data
