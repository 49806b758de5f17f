"""How a gateway calls a station over IEC 60870-5-104: values, TLS, commands and their confirmations; on c104.

c104 (lib60870) is under GPL-3.0. It is no part of FlexKG: who wants this protocol installs it.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import c104

from kg.errors import UsageError
from kg.gateway.tunnel import Keys

#: Type identifications by their numbers.
TYPES: Final = {kind.value: kind for kind in c104.Type.__members__.values()}
#: Type identification of a command -> where in its frame the byte with the bit S/E (select) is.
_QUALIFIER: Final = {
    45: 15,
    46: 15,
    47: 15,
    48: 17,
    49: 17,
    50: 19,
    58: 15,
    59: 15,
    60: 15,
    61: 17,
    62: 17,
    63: 19,
}
_CON: Final = 7
#: Seconds between a command's answer and the next select.
_PAUSE: Final = 0.3


def security(keys: Keys) -> c104.TransportSecurity:
    """Make c104's TLS for a station that is called.

    Raises:
        UsageError: a file cannot be used.

    Source:
        IEC 62351-3, profile for TCP.
    """
    made = c104.TransportSecurity(validate=True, only_known=False)
    try:
        made.set_certificate(cert=str(keys.certificate), key=str(keys.key))
        made.set_ca_certificate(cert=str(keys.ca))
        made.set_version(min=c104.TlsVersion.TLS_1_2, max=c104.TlsVersion.TLS_1_3)
    except ValueError as error:
        raise UsageError(
            f"a certificate or key cannot be used: {error}", where="plant_tls", cure="give PEM files"
        ) from error
    return made


def number(value: Any) -> Decimal:
    """Give what c104 has of a value as a decimal; a short float has seven digits."""
    return Decimal(int(value)) if isinstance(value, bool) else Decimal(f"{float(value):.7g}")


def typed(kind: int, value: float) -> Any:
    """Give a raw number as c104 takes it for a type identification."""
    if kind in (45, 58):
        return bool(value)
    if kind in (48, 61):
        return c104.NormalizedFloat(value)
    return c104.Int16(int(value)) if kind in (49, 62) else float(value)


class Caller:
    """A controlling station's connection, with answers that are seen as they come in.

    c104 waits for a confirmation by itself, but its waiting thread at times misses the wake-up and takes the
    command for lost. So the confirmations are read here, from the bytes that arrive.
    """

    def __init__(self, client: c104.Client, host: str, port: int) -> None:
        self.where = f"{host}:{port}"
        self._confirmed = dict[tuple[int, int, int, bool], bool]()
        self._free = 0.0
        made = client.add_connection(ip=host, port=port, init=c104.Init.MUTED)
        if made is None:
            raise UsageError(
                f"{self.where} is no address", cure="write iec104://host:2404, with an IP address"
            )
        self.connection: c104.Connection = made
        self.connection.on_receive_raw(callable=self._receiver())

    def _receiver(self) -> Callable[[c104.Connection, bytes], None]:
        confirmed = self._confirmed

        def receive(connection: c104.Connection, data: bytes) -> None:
            if (
                len(data) < 15 or data[2] & 1 or data[8] & 0x3F != _CON
            ):  # I frames with activation confirmations
                return
            at = _QUALIFIER.get(data[6], 0)
            select = bool(at and len(data) > at and data[at] & 0x80)
            station, address = (int.from_bytes(data[a:b], "little") for a, b in ((10, 12), (12, 15)))
            confirmed[data[6], station, address, select] = not data[8] & 0x40

        return receive

    def opened(self, seconds: float = 0.0) -> bool:
        """Whether the line is open; one that was made anew is started and interrogated here."""
        end = time.monotonic() + seconds
        while True:
            if self._steady():
                self.connection.unmute()
                while self.connection.state != c104.ConnectionState.OPEN and time.monotonic() < end + 3:
                    time.sleep(0.01)
                for station in self.connection.stations:
                    self.connection.interrogation(station.common_address, wait_for_response=False)
                time.sleep(0.2)
            if self.connection.state == c104.ConnectionState.OPEN:
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)

    def _steady(self) -> bool:
        """Whether the line stands and waits: c104 crashes where one is started that is just closing."""
        for _ in range(15):
            if self.connection.state != c104.ConnectionState.OPEN_MUTED:
                return False
            time.sleep(0.02)
        return True

    def send(self, station: int, point: c104.Point, value: Any, seconds: float = 5.0) -> bool | None:
        """Send a command; gives whether it was confirmed positively, None where no answer came.

        A point in the mode SELECT_AND_EXECUTE is selected first, and executed when that was confirmed.
        """
        key = (point.type.value, station, point.io_address)
        selects = point.command_mode == c104.CommandMode.SELECT_AND_EXECUTE
        if selects:  # a station may still be letting go of the selection before: c104's own does so late
            time.sleep(max(0.0, self._free - time.monotonic()))
        try:
            return self._sent(key, point, value, seconds, selects=selects)
        finally:
            self._free = time.monotonic() + _PAUSE

    def _sent(
        self, key: tuple[int, int, int], point: c104.Point, value: Any, seconds: float, *, selects: bool
    ) -> bool | None:
        for select in (True, False):
            self._confirmed.pop((*key, select), None)
        point.value = value
        point.transmit(cause=c104.Cot.ACTIVATION)  # what it returns is at times the answer to the select
        tried = time.monotonic()
        end = tried + seconds
        while time.monotonic() < end and self.opened():
            if (*key, False) in self._confirmed:
                return self._confirmed[*key, False]
            if selects and self._confirmed.get((*key, True)) is False:
                return False
            if selects and time.monotonic() > tried + 1:  # selected, but the wake-up was missed: once more
                tried = time.monotonic()
                point.transmit(cause=c104.Cot.ACTIVATION)
            time.sleep(0.01)
        return self._confirmed.get((*key, False))
