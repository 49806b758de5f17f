"""Push mode: what waits for VENs that do not poll is posted to them."""

import logging
import threading
from typing import Final

from kg.errors import FlexKGError
from kg.openadr.transport import post
from kg.openadr.ven import Ven
from kg.openadr.vtn import Vtn

_log = logging.getLogger("flexkg.openadr")
#: Seconds between looks at what waits.
PAUSE: Final = 0.5
_SERVICE: Final = {
    b"oadrDistributeEvent": "EiEvent",
    b"oadrCreateReport": "EiReport",
    b"oadrCancelReport": "EiReport",
}


class Pusher(threading.Thread):
    """Posts to push VENs, until it is stopped; what is not answered is posted again by the VTN's own rule.

    Args:
        vtn: the VTN.
    """

    def __init__(self, vtn: Vtn) -> None:
        super().__init__(name="openadr-push", daemon=True)
        self._vtn, self._halt = vtn, threading.Event()

    def run(self) -> None:
        """Look at what waits, again and again."""
        while not self._halt.wait(PAUSE):
            self.step()

    def step(self) -> None:
        """Post what waits now."""
        for ven in list(self._vtn.roster.vens.values()):
            if ven.registration_id and not ven.pull and ven.address and (ven.outgoing or ven.events):
                try:
                    self._push(ven)
                except FlexKGError as error:
                    _log.warning("%s is not reached: %s", ven.ven_id, error)

    def _push(self, ven: Ven) -> None:
        while (data := self._vtn.news(ven)) is not None:
            service = next((at for name, at in _SERVICE.items() if name + b" " in data), "EiRegisterParty")
            answer = post(f"{ven.address.rstrip('/')}/{service}", data)
            if answer.strip():
                self._vtn.answer(answer, service)

    def stop(self) -> None:
        """Stop after what is under way."""
        self._halt.set()
        if self.is_alive():
            self.join(timeout=20)
