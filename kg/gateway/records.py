"""Where a gateway records what it did: in its own store, and with its VTN."""

import json
import logging
import urllib.error
import urllib.request
from collections import deque
from typing import Protocol
from urllib.parse import quote

from kg.activation.registry import EntryRefused, Registry
from kg.errors import FlexKGError
from kg.ingest import Ingest
from kg.registry_entry import RegistryEntry

_log = logging.getLogger("flexkg.gateway")


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
    """

    def __init__(self, url: str, token: str = "") -> None:
        self._url, self._token = url.rstrip("/"), token
        self.waiting: deque[RegistryEntry] = deque(maxlen=10_000)

    def keep(self, entry: RegistryEntry) -> None:
        """Record an entry, now or later."""
        self.waiting.append(entry)
        self.send()

    def send(self) -> None:
        """Send what waits, in order, as far as it goes."""
        while self.waiting:
            try:
                self._post(self.waiting[0])
            except urllib.error.HTTPError as error:
                with error:
                    said = error.read(2000).decode("utf-8", "replace")
                if error.code >= 500:
                    return
                _log.error("the VTN refused an entry: %s", said)
            except OSError as error:
                _log.warning("the VTN's registry is not reached: %s", error)
                return
            self.waiting.popleft()

    def _post(self, entry: RegistryEntry) -> None:
        stated = {name: getattr(entry, name) for name in RegistryEntry.__dataclass_fields__}
        event = quote(stated.pop("event"), safe="")
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(stated).encode()
        request = urllib.request.Request(f"{self._url}/activations/{event}", data, headers)  # noqa: S310
        urllib.request.urlopen(request, timeout=15).close()  # noqa: S310 - the operator's own address
