"""IEC 61850 for a gateway: an MMS association to an IED, on the library open61850."""

from decimal import Decimal
from urllib.parse import urlsplit

from open61850.data import BitStringData, FloatData, IntData, StructureData
from open61850.mms import ControlError, DataAccessError, MmsClient, operate

from kg.devices.points import Point
from kg.devices.writes import Write
from kg.gateway.driver import DeviceUnreachable


class Ied:
    """One IED, as a `kg.gateway.driver.Driver`; connected when it is needed, and again after a break.

    Args:
        endpoint: its address, ``mms://host:port``, as the mapping's ``base`` has it.
        name: the name of the IED, which stands before that of the logical device on the wire.
    """

    def __init__(self, endpoint: str, name: str) -> None:
        at = urlsplit(endpoint)
        self._host, self._port, self._name = str(at.hostname), at.port or 102, name
        self._client: MmsClient | None = None

    def _open(self) -> MmsClient:
        if self._client is None or not self._client.is_connected:
            self.close()
            self._client = MmsClient.connect(self._host, port=self._port, timeout=5)
        return self._client

    def write(self, write: Write) -> str:
        """Operate a control, or set an attribute; gives what the IED says."""
        reference, constraint = write.message["reference"], write.message["functionalConstraint"]
        value = IntData(int(write.raw)) if isinstance(write.raw, int) else FloatData(float(write.raw))
        try:
            client = self._open()
            if constraint != "CO":
                client.write(f"{self._name}{reference}[{constraint}]", value)
                return "confirmed"
            control, _, rest = reference.partition(".Oper.")
            operate(client, self._name + control, StructureData([value]) if rest == "ctlVal.f" else value)
        except ControlError as error:
            return f"refused: {error}"
        except OSError as error:
            self.close()
            raise DeviceUnreachable(f"no answer: {error}", where=f"{self._host}:{self._port}") from error
        return "confirmed"

    def read(self, point: Point) -> Decimal | None:
        """Read an attribute; None where its quality is not good, or the IED has it not."""
        reference = point.access["objectReference"]
        said = point.access["functionalConstraint"]
        constraint = (said["@id"] if isinstance(said, dict) else said).rpartition("/")[2]
        node, _, rest = reference.partition(".")
        quality = f"{self._name}{node}.{rest.partition('.')[0]}.q[{constraint}]"
        try:
            client = self._open()
            value, bits = client.read(f"{self._name}{reference}[{constraint}]"), client.read(quality)
        except OSError as error:
            self.close()
            raise DeviceUnreachable(f"no answer: {error}", where=f"{self._host}:{self._port}") from error
        except DataAccessError:
            return None
        good = isinstance(bits, BitStringData) and bits.value[0] >> 6 == 0
        if not isinstance(value, FloatData | IntData) or not good:
            return None
        return Decimal(f"{value.value:.7g}") * point.scale + point.offset

    def close(self) -> None:
        """End the association."""
        if self._client is not None:
            self._client.close()
            self._client = None
