"""Push mode: what waits for VENs that do not poll is posted to them."""

import logging
import ssl
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

from kg.errors import FlexKGError
from kg.openadr.destinations import DestinationRefused
from kg.openadr.transport import Line, PartyUnreachable, post
from kg.openadr.ven import Ven
from kg.openadr.vtn import Vtn

_log = logging.getLogger("flexkg.openadr")
#: Seconds between looks at what waits.
PAUSE: Final = 0.5
#: Seconds for which the IP address of a name counts.
_LOOKED_UP: Final = 30.0
_SERVICE: Final = {
    b"oadrDistributeEvent": "EiEvent",
    b"oadrCreateReport": "EiReport",
    b"oadrCancelReport": "EiReport",
}


#: VENs that are posted to at once; and apart from them those that did not answer the last time, so that they
#: hold up nobody else.
_AT_ONCE: Final = 8
_AT_ONCE_GONE: Final = 2


class Pusher(threading.Thread):
    """Posts to push VENs, until it is stopped; what is not answered is posted again by the VTN's own rule.

    Args:
        vtn: the VTN; its policy says where is posted to.
        tls: how TLS is spoken; the system's trust without it.
    """

    def __init__(self, vtn: Vtn, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(name="openadr-push", daemon=True)
        self._tls = tls
        self._vtn, self._halt, self._line = vtn, threading.Event(), Line()
        self._lanes = ThreadPoolExecutor(_AT_ONCE, "push"), ThreadPoolExecutor(_AT_ONCE_GONE, "push-gone")
        #: venID -> address as declared, IP address (empty: not to be posted to), and until when that counts
        self._known: dict[str, tuple[str, str, float]] = {}
        self._under_way: dict[str, Future[None]] = {}
        #: venIDs of those that did not answer
        self._gone: set[str] = set()

    def run(self) -> None:
        """Look at what waits, again and again."""
        while not self._halt.wait(PAUSE):
            self._begin()

    def step(self) -> None:
        """Post what waits now, and wait for the answers."""
        wait(self._begin())

    def _begin(self) -> list[Future[None]]:
        """Begin to post to each VEN for which something waits, unless that is under way."""
        self._under_way = {name: one for name, one in self._under_way.items() if not one.done()}
        for ven in list(self._vtn.roster.vens.values()):
            due = ven.registration_id and not ven.pull and ven.address and (ven.outgoing or ven.events)
            if due and ven.ven_id not in self._under_way:
                lane = self._lanes[ven.ven_id in self._gone]
                self._under_way[ven.ven_id] = lane.submit(self._push, ven)
        return list(self._under_way.values())

    def _push(self, ven: Ven) -> None:
        try:
            at = self._where(ven)
            while at and not self._halt.is_set() and (data := self._vtn.news(ven)) is not None:
                service = next(
                    (at for name, at in _SERVICE.items() if name + b" " in data), "EiRegisterParty"
                )
                url = f"{ven.address.rstrip('/')}/{service}"
                answer = post(url, data, tls=self._tls, line=self._line, at=at)
                self._gone.discard(ven.ven_id)
                if answer.strip():
                    self._vtn.answer(answer, service)
        except FlexKGError as error:
            if isinstance(error, PartyUnreachable | DestinationRefused):
                self._gone.add(ven.ven_id)
            _log.warning("%s is not reached: %s", ven.ven_id, error)
        except Exception:  # noqa: BLE001 - what one VEN leads to must not end the pushing to others
            self._gone.add(ven.ven_id)
            _log.exception("posting to %s failed; it is tried again", ven.ven_id)

    def _where(self, ven: Ven) -> str:
        """Give the IP address of a VEN, looked up every ``_LOOKED_UP`` seconds; empty: none, and told.

        Raises:
            DestinationRefused: it is none to post to.
            PartyUnreachable: its name is not known.
        """
        address, found, until = self._known.get(ven.ven_id, ("", "", 0.0))
        if address == ven.address and time.monotonic() < until:
            return found
        until = time.monotonic() + _LOOKED_UP
        self._known[ven.ven_id] = (ven.address, "", until)
        try:
            found = self._vtn.policy.destinations.resolve(ven.address)
        except OSError as error:
            raise PartyUnreachable(f"its name is not known: {error}", where=ven.address) from error
        self._known[ven.ven_id] = (ven.address, found, until)
        return found

    def stop(self) -> None:
        """Stop; who has not answered yet is asked again after a restart."""
        self._halt.set()
        self._line.cut()
        if self.is_alive():
            self.join(timeout=20)
        for lane in self._lanes:
            lane.shutdown(cancel_futures=True)
