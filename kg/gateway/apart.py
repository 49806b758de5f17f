"""A driver in a process of its own: what ends that process ends neither the gateway nor other lines.

For libraries in C that may crash: c104 does where a line is started that just closes.
"""

import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Final

from kg.devices.points import Point
from kg.devices.writes import Write
from kg.errors import UsageError
from kg.gateway.driver import DeviceUnreachable

_log = logging.getLogger("flexkg.gateway")
#: Seconds for an answer, for the process to begin, and between two beginnings.
_ANSWER: Final = 20.0
_BEGIN: Final = 30.0
_PAUSE: Final = 2.0


class Apart:
    """A `kg.gateway.driver.Driver` that another process holds; begun anew when that ended.

    Args:
        make: makes the driver there; can be pickled.
        name: what it is, for messages.

    Raises:
        UsageError: the driver cannot be made; what it says.
        ModuleNotFoundError: its package is not installed.
    """

    def __init__(self, make: Callable[[], Any], name: str) -> None:
        self._make, self._name = make, name
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._begin()

    @property
    def pid(self) -> int:
        """Number of the process; 0 where it ended."""
        return self._process.pid if self._process is not None else 0

    def _begin(self) -> None:
        self._began = time.monotonic()
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", "-c", "from kg.gateway.apart import serve; serve()"]
            try:
                self._process = subprocess.Popen(
                    [*command, str(theirs.fileno())], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
                )
            except OSError as error:
                ours.close()
                raise UsageError(f"the process of {self._name} cannot begin: {error.strerror}") from error
        self._line = Connection(ours.detach())
        try:
            self._line.send_bytes(pickle.dumps(self._make))
            kind, said = self._heard(_BEGIN)
        except (EOFError, OSError) as error:
            self._end()
            raise UsageError(f"the process of {self._name} ended at once", cure="see its messages") from error
        if kind != "done":
            self._end()
            raise said

    def _heard(self, seconds: float) -> tuple[str, Any]:
        """Wait for an answer.

        Raises:
            EOFError: the process ended, or does not answer.
        """
        if not self._line.poll(seconds):
            raise EOFError("no answer")
        found: tuple[str, Any] = pickle.loads(self._line.recv_bytes())  # noqa: S301 - our own process
        return found

    def _ask(self, name: str, what: Any) -> Any:
        with self._lock:
            if self._process is None:
                if time.monotonic() - self._began < _PAUSE:
                    raise DeviceUnreachable("its process ended", where=self._name)
                try:
                    self._begin()
                except UsageError as error:
                    raise DeviceUnreachable(error.what, where=self._name) from error
            try:
                self._line.send_bytes(pickle.dumps((name, what)))
                kind, said = self._heard(_ANSWER)
            except (EOFError, OSError) as error:
                code = self._end()
                _log.error("the process of %s ended (%s); it is begun anew", self._name, code)
                raise DeviceUnreachable("its process ended", where=self._name) from error
        if kind != "done":
            raise said
        return said

    def write(self, write: Write) -> str:
        """Send a write that was checked; see `kg.gateway.driver.Driver.write`."""
        return str(self._ask("write", write))

    def read(self, point: Point) -> Decimal | None:
        """Read a point; see `kg.gateway.driver.Driver.read`."""
        found: Decimal | None = self._ask("read", point)
        return found

    def _end(self) -> str:
        """End the process; gives how it ended."""
        process, self._process = self._process, None
        self._line.close()
        if process is None:
            return ""
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        code = process.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def close(self) -> None:
        """End the process, and the line with it."""
        with self._lock:
            if self._process is not None:
                self._end()


def serve() -> None:
    """Be the other process: make the driver, and do what is asked until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the gateway says when it is over
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    line = Connection(int(sys.argv[1]))
    driver: Any = None

    def answered(act: Callable[[], Any]) -> None:
        try:
            said = ("done", act())
        except (UsageError, DeviceUnreachable, ModuleNotFoundError) as error:
            said = ("error", error)
        except Exception as error:
            logging.getLogger("flexkg.gateway").exception("a driver failed")
            said = ("error", DeviceUnreachable(f"the driver failed: {error}"))
        line.send_bytes(pickle.dumps(said))

    def begin() -> None:
        nonlocal driver
        driver = pickle.loads(line.recv_bytes())()  # noqa: S301 - from the gateway, our parent

    try:
        answered(begin)
        while driver is not None:
            name, what = pickle.loads(line.recv_bytes())  # noqa: S301
            answered(partial(getattr(driver, name), what))
    except EOFError:
        pass
    sys.stderr.flush()
    os._exit(0)  # whatever threads the library still has
