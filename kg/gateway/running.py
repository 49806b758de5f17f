"""A gateway that runs: VEN -> strategy -> check -> devices -> readings -> report; and its station."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from typing import Any, Final

from kg.devices.points import Point
from kg.devices.sites import Site, load_site
from kg.errors import FlexKGError, UsageError
from kg.gateway.asking import Asker
from kg.gateway.carrier import Carrier
from kg.gateway.configuration import Configuration, PlantTls, StationSettings
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.lines import Lines, loaded
from kg.gateway.memory import Memory
from kg.gateway.meter import Meter
from kg.gateway.points import find_point
from kg.gateway.records import OwnRecord, Record, VtnRecord
from kg.gateway.station import Station, read_rows
from kg.gateway.tunnel import Keys
from kg.ingest import Ingest
from kg.openadr.ascent import Ascent
from kg.openadr.courier import courier
from kg.openadr.upstream import Upstream

_log = logging.getLogger("flexkg.gateway")
_PATH: Final = "/OpenADR2/Simple/2.0b"
_WATTS: Final = {"W": Decimal(1), "KiloW": Decimal(1000), "MegaW": Decimal(10**6)}


class Gateway:
    """One resource behind one VEN, with its store, its lines, and its station where it has one.

    Args:
        told: what it is told.
        token: bearer token for the VTN's service, where that asks for one.

    Raises:
        FlexKGError: something that it is told cannot be used; says what.
    """

    def __init__(self, told: Configuration, token: str = "") -> None:
        self.told = told
        site = load_site([str(told.site)])
        if told.resource not in site.plans:
            raise UsageError(
                f"the site has no resource {told.resource!r}",
                where=str(told.site),
                cure=f"it has {', '.join(site.plans) or 'none'}",
            )
        plan = site.plans[told.resource]
        ready = find_point(plan, told.ready).name if told.ready else ""
        meter = self._meter(site)
        tls = told.tls
        way = courier(told.service + _PATH, ca=tls.ca, cert=tls.certificate, key=tls.key, signs=tls.signs)
        registry = told.service if told.registry is None else told.registry
        with ExitStack() as undo:
            self.lines = Lines(plan, _keys(told.plant_tls))
            undo.callback(self.lines.close)
            self.ingest = Ingest(told.store)
            undo.callback(self.ingest.close)
            self._records: list[Record] = [OwnRecord(self.ingest)]
            self._registry = VtnRecord(registry, token) if registry else None
            self._records += [self._registry] if self._registry is not None else []
            accepted = {Decimal(str(value)) for value in told.ready_values}
            self.carrier = Carrier(
                site.plans,
                told.resource,
                self.lines,
                ven=told.ven,
                records=self._records,
                memory=Memory(self.ingest, plan),
                ready=ready,
                ready_when=accepted.__contains__ if accepted else bool,
                meter=meter,
                on_behalf_of=told.on_behalf_of,
            )
            self.ven = Upstream(way, told.ven, self.ingest, self.carrier, shortest=told.shortest)
            self._tells: list[tuple[str, Point]] = []
            self._post: Any = None
            if told.station is not None:
                self._post = self._station(told.station, token)
                undo.callback(self._post.close)
            self._undo = undo.pop_all()
        self._ascent = Ascent(self.ven, told.poll, told.report)

    def _meter(self, site: Site) -> Meter | None:
        if not self.told.meter:
            return None
        point = find_point(site.plans[self.told.resource], self.told.meter)
        if self.told.meter_watts is not None:
            return Meter(point, Decimal(str(self.told.meter_watts)))
        watts = _WATTS.get(point.unit.rpartition("/")[2])
        if watts is None:
            raise UsageError(
                f"the unit of the meter's point {point.name!r} is no power",
                where="meter",
                cure="name a point in W, kW or MW, or say meter_watts",
            )
        said = {name: value for _, name, value in site.things[point.device].affordances()}[point.name]
        direction = str(said.get("flex:positiveMeans") or said.get("flex:flowDirection") or "")
        return Meter(point, -watts if direction.endswith("export") else watts)

    def _station(self, told: StationSettings, token: str) -> Any:
        site = load_site([str(told.site)])
        if told.resource not in site.plans:
            raise UsageError(
                f"the station's site has no resource {told.resource!r}",
                where=str(told.site),
                cure=f"it has {', '.join(site.plans) or 'none'}",
            )
        plan, asker = site.plans[told.resource], Asker(self.told.service, token)
        self._tells = [
            (find_point(plan, name).name, find_point(self.carrier.plan, theirs))
            for name, theirs in told.tells.items()
        ]
        station = Station(
            site.plans,
            told.resource,
            read_rows(told.table),
            [self.told.ven],
            issue=asker.issue,
            cancel=asker.cancel,
            stop=lambda on: self.carrier.emergency(
                "emergency switch-off by the control centre", on=on, by=told.party
            ),
            limit=lambda watts, until: self.carrier.limit(watts, until=until, by=told.party),
        )
        host, _, port = told.listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise UsageError(f"{told.listen!r} is no address", where="station.listen", cure="write host:port")
        if told.protocol not in ("iec60870-5-104", "iec61850"):
            raise UsageError(
                f"a control centre cannot call by {told.protocol!r}",
                where="station.protocol",
                cure="use iec60870-5-104 or iec61850",
            )

        def make() -> Any:
            if told.protocol == "iec60870-5-104":
                from kg.gateway.iec104 import Post

                return Post(plan, station, host, int(port), _keys(self.told.plant_tls))
            from kg.gateway.mms import Post as OwnIed

            if told.scl is None:
                raise UsageError(
                    "the station's IED is not described", where="station.scl", cure="name an ICD"
                )
            return OwnIed(plan, station, told.scl, host, int(port), _keys(self.told.plant_tls))

        return loaded(told.protocol, make)

    def describe(self) -> str:
        """Say in a line what it is."""
        station = f"; station at {self.told.station.listen}" if self.told.station is not None else ""
        return (
            f"gateway {self.told.ven} for {self.told.resource} over {', '.join(self.lines.protocols)}, "
            f"VEN of {self.told.service}{station}"
        )

    def run(self, stop: threading.Event) -> None:
        """Run until it is told to stop; what fails is told in the log and tried again."""
        self._ascent.start()
        try:
            while not stop.is_set():
                began = time.monotonic()
                self.look()
                stop.wait(max(0.05, self.told.pace - (time.monotonic() - began)))
        finally:
            self._ascent.stop()

    def look(self) -> None:
        """Do what is due towards the plant: write, sample, tell the control centre, send what waits."""
        for act in (self._dispatch, self.carrier.sample, self._tell, self._send):
            _safely(act)

    def _dispatch(self) -> None:
        for write in self.carrier.dispatch():
            _log.info("%s %s = %s: confirmed", write.device, write.point, write.value)

    def _tell(self) -> None:
        if self._post is None:
            return
        self._post.tell("available", not self.carrier.hindrance())
        for name, point in self._tells:
            try:
                value = self.lines.read(point)
            except DeviceUnreachable:
                continue
            if value is not None:
                self._post.tell(name, float(value))

    def _send(self) -> None:
        if self._registry is not None and self._registry.waiting:
            self._registry.send()

    def probe(self) -> list[str]:
        """Read the points that it depends on, write nothing; gives a line for each."""
        found = []
        why = self.carrier.hindrance()
        found.append(f"ready: {why or 'yes'}")
        meter = self.carrier.meter
        if meter is not None:
            try:
                value = self.lines.read(meter.point)
                found.append(f"{meter.point.name}: {'no valid value' if value is None else f'{value:f}'}")
            except DeviceUnreachable as error:
                found.append(f"{meter.point.name}: {error}")
        return found

    def close(self) -> None:
        """End station, lines and store."""
        self._undo.close()


def _keys(tls: PlantTls | None) -> Keys | None:
    """Make the keys of TLS towards plant and control centre; None where none are named."""
    return Keys(tls.ca, tls.certificate, tls.key, tls.name) if tls is not None else None


def _safely(act: Callable[[], object]) -> None:
    """Do something; what fails is told in the log, and does not end the gateway."""
    try:
        act()
    except FlexKGError as error:
        _log.warning("%s", error)
    except Exception:  # noqa: BLE001 - one bad look must not end the gateway
        _log.exception("a look at what is due failed; the next one goes on")
