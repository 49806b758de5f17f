"""What a gateway is told of its own side, where devices call it or are asked for by broadcast."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CentralSystem:
    """The central system (CSMS) that charging stations call over OCPP.

    Attributes:
        listen: address and port to listen on.
        certificate: its certificate, PEM; with it TLS is served (wss).
        key: the certificate's key, PEM.
        clients: authority of the stations' certificates, PEM: they have to show one.
        passwords: file with a line ``station:password`` for each, for HTTP basic authentication; or as a
            bearer token.
    """

    listen: str = "127.0.0.1:9000"
    certificate: Path | None = None
    key: Path | None = None
    clients: Path | None = None
    passwords: Path | None = None


@dataclass(frozen=True, slots=True)
class EnergyManager(CentralSystem):
    """The energy manager (CEM) that resource managers call over S2; as for charging stations."""

    listen: str = "127.0.0.1:9001"


@dataclass(frozen=True, slots=True)
class BacnetSide:
    """The gateway's own side of BACnet/IP.

    Attributes:
        listen: its address, with the length of the network where devices are asked for by broadcast, and a
            port: ``10.0.0.5/24:47808``.
        instance: number of its own device object.
        devices: number of a device -> its address, for those that are not found by broadcast.
    """

    listen: str = "127.0.0.1:47808"
    instance: float = 4194000
    devices: dict[str, str] = field(default_factory=dict)
