"""The rounds of a VEN: one after another, whatever becomes of one."""

import logging
import threading
import time

from kg.errors import FlexKGError
from kg.openadr.upstream import Upstream

_log = logging.getLogger("flexkg.openadr")


class Ascent(threading.Thread):
    """Does the rounds of a VEN until it is stopped; what is not reached is tried again.

    Args:
        upstream: the VEN.
        pause: seconds between polls.
        report_every: seconds between reports.
    """

    def __init__(self, upstream: Upstream, pause: float = 10.0, report_every: float = 60.0) -> None:
        super().__init__(name="openadr-ven", daemon=True)
        self.upstream, self._pause, self._every = upstream, pause, report_every
        self._halt = threading.Event()

    def run(self) -> None:
        """Do round after round."""
        synced, reported = False, time.monotonic()
        while not self._halt.is_set():
            try:
                if self.upstream.registration_id and not synced:
                    self.upstream.sync()
                self.upstream.step()
                synced = True
                if time.monotonic() - reported >= self._every:
                    reported = time.monotonic()
                    self.upstream.report()
            except FlexKGError as error:
                _log.warning("%s", error)
            except Exception:  # noqa: BLE001 - one bad round must not end the node
                _log.exception("a round with the VTN above failed; the next one goes on")
            self._halt.wait(self._pause)

    def stop(self) -> None:
        """Stop; what waits for the VTN above is cut off, and asked again after a restart."""
        self._halt.set()
        self.upstream.cut()
        if self.is_alive():
            self.join(timeout=30)
