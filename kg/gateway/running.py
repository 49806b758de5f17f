"""A gateway that runs: VEN -> strategy -> check -> devices -> readings -> report; and its station."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from kg.devices.points import Point
from kg.devices.resources import Plan
from kg.devices.sites import Site, load_site
from kg.errors import FlexKGError, UsageError
from kg.gateway.asking import Asker
from kg.gateway.carrier import Carrier
from kg.gateway.configuration import Configuration, PlantTls, ResourceSettings, StationSettings
from kg.gateway.driver import DeviceUnreachable
from kg.gateway.lines import Lines, loaded
from kg.gateway.memory import Memory
from kg.gateway.meter import Meter
from kg.gateway.points import find_point
from kg.gateway.records import OwnRecord, Record, VtnRecord
from kg.gateway.resources import Member, Resources
from kg.gateway.station import Station, read_rows
from kg.gateway.tunnel import Keys
from kg.ingest import Ingest
from kg.openadr.ascent import Ascent
from kg.openadr.courier import courier
from kg.openadr.splitting import Rule, Share
from kg.openadr.told import Message
from kg.openadr.upstream import Upstream

_log = logging.getLogger("flexkg.gateway")
_PATH: Final = "/OpenADR2/Simple/2.0b"
_WATTS: Final = {"W": Decimal(1), "KiloW": Decimal(1000), "MegaW": Decimal(10**6)}


class Gateway:
    """The resources behind one VEN, with their store, lines, and a station where there is one.

    Args:
        told: what it is told.
        token: bearer token for the VTN's service, where that asks for one.

    Raises:
        FlexKGError: something that it is told cannot be used; says what.
    """

    def __init__(self, told: Configuration, token: str = "") -> None:
        self.told = told
        site = load_site([str(told.site)])
        self._plan = _united([_plan(site, one.name, told.site) for one in told.every])
        for one in told.every:
            if one.ready:
                find_point(site.plans[one.name], one.ready)
        meters = {one.name: _meter(site, one) for one in told.every}
        tls = told.tls
        way = courier(told.service + _PATH, ca=tls.ca, cert=tls.certificate, key=tls.key, signs=tls.signs)
        registry = told.service if told.registry is None else told.registry
        with ExitStack() as undo:
            self.lines = Lines(self._plan, _keys(told.plant_tls), told.ocpp, told.bacnet, told.s2)
            undo.callback(self.lines.close)
            self.ingest = Ingest(told.store)
            undo.callback(self.ingest.close)
            self._records: list[Record] = [OwnRecord(self.ingest)]
            self._registry = VtnRecord(registry, token) if registry else None
            self._records += [self._registry] if self._registry is not None else []
            self._past: list[Message] = []
            members = [self._member(site, one, meters[one.name]) for one in told.every]
            self.resources = Resources(members, cast("Rule", told.split), self._past)
            self.ven = Upstream(way, told.ven, self.ingest, self.resources, shortest=told.shortest)
            self._tells: list[tuple[str, Point]] = []
            self._post: Any = None
            if told.station is not None:
                self._post = self._station(told.station, token)
                undo.callback(self._post.close)
            self._undo = undo.pop_all()
        self._ascent = Ascent(self.ven, told.poll, told.report)

    def _member(self, site: Site, one: ResourceSettings, meter: Meter | None) -> Member:
        plan, several = site.plans[one.name], len(self.told.every) > 1
        accepted = {Decimal(str(value)) for value in one.ready_values}
        memory = Memory(self.ingest, plan, one.name if several else "")
        self._past = memory.messages
        carrier = Carrier(
            site.plans,
            one.name,
            self.lines,
            ven=self.told.ven,
            records=self._records,
            memory=memory,
            ready=one.ready,
            ready_when=accepted.__contains__ if accepted else bool,
            silent=partial(self.lines.silent, plan),
            meter=meter,
            on_behalf_of=self.told.on_behalf_of,
            shared=several,
        )
        limit = Decimal(str(one.limit_w)) if one.limit_w is not None else plan.capability
        if several and limit <= 0:
            raise UsageError(
                f"nothing says what {one.name} can take of a power",
                where="resources.limit_w",
                cure="state it, or flex:ratedPower in the mappings",
            )
        return Member(Share(one.name, limit, int(one.priority)), carrier)

    def _station(self, told: StationSettings, token: str) -> Any:
        site = load_site([str(told.site)])
        plan, asker = _plan(site, told.resource, told.site), Asker(self.told.service, token)
        self._tells = [
            (find_point(plan, name).name, self._point(theirs)) for name, theirs in told.tells.items()
        ]
        station = Station(
            site.plans,
            told.resource,
            read_rows(told.table),
            [self.told.ven],
            issue=asker.issue,
            cancel=asker.cancel,
            stop=lambda on: self.resources.emergency(
                "emergency switch-off by the control centre", on=on, by=told.party
            ),
            limit=lambda watts, until: self.resources.limit(watts, until=until, by=told.party),
            kept=self.ingest.journal.directory.path / "asked.json",
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

    def _point(self, name: str) -> Point:
        """Find a point of the plant: by its name, or as RESOURCE/POINT."""
        for member in self.resources.members:
            if name.startswith(f"{member.share.ven}/"):
                return find_point(member.carrier.plan, name[len(member.share.ven) + 1 :])
        return find_point(self._plan, name)

    def describe(self) -> str:
        """Say in a line what it is."""
        station = f"; station at {self.told.station.listen}" if self.told.station is not None else ""
        return (
            f"gateway {self.told.ven} for {self._plan.name} over {', '.join(self.lines.protocols)}, "
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
        for act in (self._dispatch, self.resources.sample, self._tell, self._send):
            _safely(act)

    def _dispatch(self) -> None:
        for write in self.resources.dispatch():
            _log.info("%s %s = %s: confirmed", write.device, write.point, write.value)

    def _tell(self) -> None:
        if self._post is None:
            return
        self._post.tell("available", not self.resources.hindrance())
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
        for member in self.resources.members:
            name = f"{member.share.ven}: " if len(self.resources.members) > 1 else ""
            found.append(f"{name}ready: {member.carrier.hindrance() or 'yes'}")
            meter = member.carrier.meter
            if meter is not None:
                try:
                    value = self.lines.read(meter.point)
                    said = "no valid value" if value is None else f"{value:f}"
                except DeviceUnreachable as error:
                    said = str(error)
                found.append(f"{name}{meter.point.name}: {said}")
        return found

    def close(self) -> None:
        """End station, lines and store."""
        self._undo.close()


def _plan(site: Site, name: str, where: Path) -> Plan:
    if name not in site.plans:
        raise UsageError(
            f"the site has no resource {name!r}",
            where=str(where),
            cure=f"it has {', '.join(site.plans)}" if site.plans else "add a site file and mappings",
        )
    return site.plans[name]


def _united(plans: list[Plan]) -> Plan:
    """Give a plan of all devices, for the lines to them; no device is two resources'."""
    portions = [portion for plan in plans for portion in plan.portions]
    devices = [portion.device for portion in portions]
    twice = next((device for device in devices if devices.count(device) > 1), None)
    if twice is not None:
        raise UsageError(
            f"{twice} is behind two of the resources",
            where="resources",
            cure="name one of them, or the whole",
        )
    return replace(plans[0], name=", ".join(plan.name for plan in plans), portions=tuple(portions))


def _meter(site: Site, told: ResourceSettings) -> Meter | None:
    if not told.meter:
        return None
    point = find_point(site.plans[told.name], told.meter)
    if told.meter_watts is not None:
        return Meter(point, Decimal(str(told.meter_watts)))
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
