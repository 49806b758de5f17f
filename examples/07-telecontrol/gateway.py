"""The telecontrol gateway: station towards the grid operator, VEN of the aggregator, line to the plant."""

import json
import urllib.error
import urllib.request
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from iec104 import Line, Post

from kg.devices.models import find_model, instance, written
from kg.devices.sites import load_site
from kg.errors import FlexKGError
from kg.gateway.carrier import Carrier
from kg.gateway.memory import Memory
from kg.gateway.meter import Meter
from kg.gateway.points import find_point
from kg.gateway.records import OwnRecord, VtnRecord
from kg.gateway.station import Station, read_rows
from kg.ingest import Ingest
from kg.openadr.event_request import EventRequest
from kg.openadr.upstream import Upstream

VEN = "CHP-1"


class Refused(FlexKGError):
    """The aggregator's service does not take a request."""


class Gateway:
    """One plant between a grid operator and an aggregator."""

    def __init__(self, folder: Path, vtn: str, plant_port: int, station_port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        model = find_model("vhpready-chp-iec104")
        made = instance(model, "urn:dev:chp-1", {"HOST": "127.0.0.1"})
        made["base"] = f"iec104://127.0.0.1:{plant_port}"  # 2404 elsewhere; here any free port
        (folder / "chp.td.jsonld").write_text(written(made))
        resource = {"resourceID": "CHP", "devices": ["urn:dev:chp-1"]}
        context = "https://w3id.org/flexkg/context/site"
        (folder / "plant.site.jsonld").write_text(json.dumps({"@context": context, "resources": [resource]}))
        plans = load_site([str(folder / "chp.td.jsonld"), str(folder / "plant.site.jsonld")]).plans
        self._vtn = vtn
        self.line = Line(plans["CHP"])
        self.line.wait()
        self.ingest = Ingest(folder / "store")
        self.registry = VtnRecord(vtn)
        self.carrier = Carrier(
            plans,
            "CHP",
            self.line,
            ven=VEN,
            records=[OwnRecord(self.ingest), self.registry],
            memory=Memory(self.ingest, plans["CHP"]),
            ready="available",
            meter=Meter(find_point(plans["CHP"], "power"), Decimal(-1000)),
            on_behalf_of="AGGREGATOR",
        )
        self.ven = Upstream(f"{vtn}/OpenADR2/Simple/2.0b", VEN, self.ingest, self.carrier, shortest="PT1S")
        own = load_site(["station.td.jsonld", "station.site.jsonld"]).plans
        self.station = Station(
            own,
            "STATION",
            read_rows(Path("points.csv")),
            [VEN],
            issue=self._issue,
            cancel=lambda event: self._call("DELETE", f"/events/{quote(event, safe='')}"),
            stop=lambda on: self.carrier.emergency("emergency switch-off by the grid operator", on=on),
        )
        self.post = Post(own["STATION"], self.station, station_port)

    def _issue(self, event: EventRequest) -> None:
        asked = asdict(event) | {"starts_at": event.starts_at.isoformat()}
        self._call("POST", "/events", {name: value for name, value in asked.items() if value is not None})

    def _call(self, method: str, path: str, body: object = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._vtn + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            with error:
                said = json.load(error)
                raise Refused(said["detail"], code=said["type"].rpartition("/")[2]) from error

    def round(self) -> None:
        """Do what is due: poll and answer, write, read, tell the control centre, report."""
        self.ven.step()
        self.carrier.dispatch()
        self.carrier.sample()
        self.post.tell("available", not self.carrier.hindrance())
        power = self.line.read(find_point(self.carrier.plan, "power"))
        if power is not None:
            self.post.tell("power", float(power))
        self.registry.send()
        self.ven.report()

    def close(self) -> None:
        """End line, station and store."""
        self.post.close()
        self.line.close()
        self.ingest.close()
