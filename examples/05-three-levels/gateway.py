"""A customer-premises gateway: VEN -> strategy -> check -> Modbus device -> reading -> report."""

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from pymodbus.client import ModbusTcpClient

from kg.devices.commands import Command, Verdict, check_command
from kg.devices.models import find_model, instance, written
from kg.devices.sites import load_site
from kg.ingest import Ingest
from kg.openadr.told import Message
from kg.openadr.upstream import Upstream
from kg.openadr.ven import Event

_SCALE = {"none": Decimal(1), "k": Decimal(1000)}


class Gateway:
    """One heat pump behind one VEN.

    It opts in only to what the device's mapping allows, writes nothing that the check refuses, and records
    each command and the device's answer with its VTN.
    """

    def __init__(self, folder: Path, name: str, vtn: str, modbus: int, unit: int) -> None:
        folder.mkdir(parents=True)
        self.name, self._vtn, self._device = name, vtn, f"urn:dev:{name.lower()}"
        values = {"HOST": "127.0.0.1", "PORT": str(modbus), "UNIT": str(unit)}
        made = instance(find_model("generic-heat-pump"), self._device, values)
        (folder / "pump.td.jsonld").write_text(written(made))
        site = {
            "@context": "https://w3id.org/flexkg/context/site",
            "resources": [{"resourceID": "PUMP", "devices": [self._device]}],
        }
        (folder / "home.site.jsonld").write_text(json.dumps(site))
        self._plans = load_site([str(folder)]).plans
        self._client, self._unit = ModbusTcpClient("127.0.0.1", port=modbus), unit
        self._client.connect()
        self.ingest = Ingest(folder / "store")
        self.events: dict[str, tuple[Event, str, Decimal]] = {}
        self._done: set[tuple[str, int]] = set()
        self._readings: dict[str, Decimal] = {}
        self.ven = Upstream(f"{vtn}/OpenADR2/Simple/2.0b", name, self.ingest, self)

    def carry_out(self, message: Message) -> dict[str, str]:
        """Keep the events; opt in where every value of them may be written."""
        opts = {}
        for version in message.nodes("conveys"):
            event = message.event(version)
            signal = message.nodes("signal", version)[0]
            item = message.nodes("item", signal)
            factor = _SCALE[message.text(item[0], "siScaleCode")] if item else Decimal(1)
            kind = message.text(signal, "signalName")
            self.events[event.event_id] = (event, message.one("vtnID"), factor)
            fits = [
                self._check(kind, message.text(signal, "signalType"), Decimal(v) * factor)
                for _, _, v in event.steps[0]
            ]
            self._kind = (kind, message.text(signal, "signalType"))
            opts[event.event_id] = "optIn" if all(one.allowed for one in fits) else "optOut"
        return opts

    def withdrawn(self) -> dict[str, int]:
        """Withdraw nothing."""
        return {}

    opt_reason = "outageRunStatus"

    def readings(self, length: str) -> dict[str, Decimal]:
        """Give what was read and not reported yet."""
        found, self._readings = self._readings, {}
        return found

    def _check(self, signal: str, kind: str, value: Decimal) -> Verdict:
        return check_command(self._plans, "PUMP", Command(signal, kind, value), time.time())

    def dispatch(self) -> list[int]:
        """Write what the running intervals ask for; gives what the register holds after each write."""
        held = []
        for event, vtn, factor in self.events.values():
            now = datetime.now(UTC)
            if event.status(now) != "active" or event.test or (event.event_id, event.number) in self._done:
                continue
            verdict = self._check(*self._kind, Decimal(event.current(now)[0]) * factor)
            for reason in verdict.refusals:
                self._record(event, vtn, "deviation", answer=reason.message)
            for write in verdict.writes:
                address, words = write.message["address"], write.message["registers"]
                self._record(event, vtn, "command", point=write.point, value=str(write.value), unit="W")
                answer = self._client.write_registers(address, words, device_id=self._unit)
                said = "refused by the device" if answer.isError() else "confirmed"
                self._record(event, vtn, "answer", point=write.point, answer=said)
                held += self._client.read_holding_registers(address, count=1, device_id=self._unit).registers
            self._done.add((event.event_id, event.number))
        return held

    def read(self, start: datetime) -> None:
        """Read what the device draws and keep it as the mean power of a minute; here it draws its limit."""
        watts = self._client.read_holding_registers(101, count=1, device_id=self._unit).registers[0]
        self._readings[start.isoformat().replace("+00:00", "Z")] = Decimal(watts)

    def _record(self, event: Event, vtn: str, step: str, **more: str) -> None:
        at = datetime.now(UTC).isoformat()
        body = {
            "vtn": vtn,
            "number": event.number,
            "ven": self.name,
            "step": step,
            "at": at,
            "agent": self.name,
            "on_behalf_of": "AGGREGATOR",
            "device": self._device,
            **more,
        }
        url = f"{self._vtn}/activations/{quote(event.event_id, safe='')}"
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).close()

    def close(self) -> None:
        """Close the connection and the store."""
        self._client.close()
        self.ingest.close()


MINUTE = timedelta(minutes=1)
