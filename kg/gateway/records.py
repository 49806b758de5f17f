"""Where a gateway records what it did: in its own store, and with its VTN."""

import http.client
import json
import logging
import threading
import urllib.error
import urllib.request
from collections import deque
from typing import Final, Protocol
from urllib.parse import quote

from kg.activation.registry import EntryRefused, Registry
from kg.errors import FlexKGError, UsageError
from kg.ingest import Ingest
from kg.registry_entry import RegistryEntry
from kg.straight import opened

_log = logging.getLogger("flexkg.gateway")
#: Statuses of a service that will say the same again; an entry that gets another one waits.
_FINAL: Final = frozenset((400, 404, 409, 413, 422))


class Record(Protocol):
    """Takes entries of the activation registry; never holds up what is recorded."""

    def keep(self, entry: RegistryEntry) -> None:
        """Record an entry."""


class OwnRecord:
    """The registry in the gateway's own store."""

    def __init__(self, ingest: Ingest) -> None:
        self._registry = Registry(ingest)

    def keep(self, entry: RegistryEntry) -> None:
        """Record an entry; what the rules refuse is told in the log."""
        try:
            self._registry.record(entry)
        except EntryRefused as error:
            _log.error("the registry refused the entry of a %s: %s", entry.step, error)
        except FlexKGError as error:
            _log.error("a %s could not be recorded: %s", entry.step, error)


class VtnRecord:
    """The registry of the VTN, over HTTP; what cannot be delivered is kept in memory and sent again.

    Args:
        url: address of the service, without a path.
        token: bearer token with the scope to write entries, where the service asks for one.

    Attributes:
        waiting: entries that the VTN does not have yet; beyond 10,000 the oldest go, which the log tells.

    Raises:
        UsageError: the address is none.
    """

    def __init__(self, url: str, token: str = "") -> None:
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"{url!r} is no address", where="url", cure="begin it with http:// or https://")
        self._url, self._token = url.rstrip("/"), token
        self.waiting: deque[RegistryEntry] = deque(maxlen=10_000)
        self._sending = threading.Lock()

    def keep(self, entry: RegistryEntry) -> None:
        """Take an entry; it is sent beside, so that a VTN that does not answer holds nothing up."""
        if len(self.waiting) == self.waiting.maxlen:
            _log.error("the VTN was not reached for long: the oldest of %d entries goes", len(self.waiting))
        self.waiting.append(entry)
        if not self._sending.locked():
            threading.Thread(target=self.send, name="registry", daemon=True).start()

    def send(self) -> None:
        """Send what waits, in order, as far as it goes."""
        with self._sending:
            while self.waiting:
                entry = self.waiting[0]
                if not self._delivered(entry):
                    return
                if self.waiting and self.waiting[0] is entry:
                    self.waiting.popleft()

    def _delivered(self, entry: RegistryEntry) -> bool:
        """Send an entry; gives whether it need not be sent again."""
        try:
            self._post(entry)
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(2000).decode("utf-8", "replace")
            _log.error("the VTN refused an entry with status %d: %s", error.code, said)
            return error.code in _FINAL
        except (OSError, http.client.HTTPException) as error:
            _log.warning("the VTN's registry is not reached: %s", error)
            return False
        return True

    def _post(self, entry: RegistryEntry) -> None:
        stated = {name: getattr(entry, name) for name in RegistryEntry.__dataclass_fields__}
        path = f"/activations/{quote(stated.pop('event'), safe='')}" if entry.event else "/interventions"
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(stated).encode()
        request = urllib.request.Request(self._url + path, data, headers)  # noqa: S310
        opened(request, 15).close()
