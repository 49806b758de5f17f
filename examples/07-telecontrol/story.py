"""A grid operator's control centre, an aggregator, a plant, and the gateway between them."""

import contextlib
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import c104
from plant import Plant

from kg.devices.models import find_model, instance, written
from kg.gateway.iec104_calls import Caller
from kg.simulation.processes import call, free_port, serve, start, until

VEN = "CHP-1"


def gateway(undo: contextlib.ExitStack, vtn: str, plant_port: int, station_port: int) -> None:
    """Write the gateway's folder (mapping, site, configuration), and run ``flexkg gateway`` on it."""
    folder = Path("gateway")
    folder.mkdir()
    made = instance(find_model("vhpready-chp-iec104"), "urn:dev:chp-1", {"HOST": "127.0.0.1"})
    made["base"] = f"iec104://127.0.0.1:{plant_port}"  # 2404 elsewhere; here any free port
    (folder / "chp.td.jsonld").write_text(written(made))
    site = {"@context": "https://w3id.org/flexkg/context/site"}
    site["resources"] = [{"resourceID": "CHP", "devices": ["urn:dev:chp-1"]}]
    (folder / "plant.site.jsonld").write_text(json.dumps(site))
    told = Path("gateway.toml").read_text()
    (folder / "gateway.toml").write_text(told.format(vtn=vtn, port=station_port))
    start(undo, "gateway.log", ["flexkg", "gateway", str(folder)], "gateway CHP-1.*")


class ControlCentre:
    """The grid operator: a controlling station on c104 alone; the set point is selected, then executed."""

    def __init__(self, port: int) -> None:
        self.client = c104.Client(tick_rate_ms=50, command_timeout_ms=300)
        self.caller = Caller(self.client, "127.0.0.1", port)
        station = self.caller.connection.add_station(common_address=7)
        self.setpoint = station.add_point(io_address=200, type=c104.Type.C_SE_NC_1)
        self.setpoint.command_mode = c104.CommandMode.SELECT_AND_EXECUTE
        self.level = station.add_point(io_address=201, type=c104.Type.C_SE_NB_1)
        self.limit = station.add_point(io_address=203, type=c104.Type.C_SE_NC_1)
        self.stop = station.add_point(io_address=202, type=c104.Type.C_SC_NA_1)
        self.power = station.add_point(io_address=100, type=c104.Type.M_ME_NC_1)
        self.available = station.add_point(io_address=101, type=c104.Type.M_SP_NA_1)
        self.client.start()
        until("the control centre is connected", self.caller.opened)

    def send(self, name: str, value: Any) -> None:
        """Send a command, and show how it was confirmed."""
        said = {True: "confirmed", False: "negative", None: "no answer"}
        print(
            f"control centre: {name} {value}:",
            said[self.caller.send(7, getattr(self, name), value, 20)],
            flush=True,
        )


def main() -> None:
    """Run the story; what it starts is stopped, however it ends."""
    logging.disable(logging.ERROR)
    with contextlib.ExitStack() as undo:
        tell(undo)


def tell(undo: contextlib.ExitStack) -> None:
    """Run the story."""
    vtn = serve(undo, "aggregator", "AGG", report_every="PT1S", poll_frequency="PT1S")
    plant_port, station_port = free_port(), free_port()
    plant = Plant(plant_port)
    undo.callback(plant.close)
    gateway(undo, vtn, plant_port, station_port)
    centre = ControlCentre(station_port)
    undo.callback(centre.client.stop)
    until("the gateway registers", lambda: any(v["registered"] for v in call("GET", f"{vtn}/vens")))

    def state() -> str:
        """Say opt and reason of the newest event."""
        ven = next(v for v in call("GET", f"{vtn}/vens") if v["ven_id"] == VEN)
        newest = max(call("GET", f"{vtn}/events"), key=lambda event: event["starts_at"])
        reason = next((o["reason"] for o in ven["opts"] if o["event_id"] == newest["event_id"]), "")
        return f"{newest['opt'] or ''} {reason}".strip()

    centre.send("limit", 28.0)
    centre.send("setpoint", 80.0)
    centre.send("setpoint", 30.0)
    print("event for the gateway:", until("it opts in", lambda: state() == "optIn" and "optIn"))
    until("the plant feeds in", lambda: plant.power.value == 28)
    print(f"plant feeds in {plant.power.value:g} kW; control centre sees", end=" ")
    print(until("the control centre sees it", lambda: centre.power.value), "kW")
    text = "SELECT ?value { ?r a saref:Observation ; saref:hasResult ?x . ?x saref:hasValue ?value }"

    def reported() -> list[float]:
        rows = call("GET", f"{vtn}/sparql?query={quote(text)}")["results"]["bindings"]
        return [value for row in rows if (value := float(row["value"]["value"])) == -28000]

    print(f"reported to the aggregator: {until('the report comes', reported)[0]:g} W")

    centre.send("stop", True)
    print(f"plant feeds in {plant.power.value:g} kW")
    print("event:", until("it opts out", lambda: (said := state()) == "optOut emergency" and said))
    centre.send("stop", False)
    until("the control centre sees that the plant is available", lambda: centre.available.value is True)
    plant.lock(True)
    until("the control centre sees that it is not available", lambda: centre.available.value is False)
    print("plant: taken out of remote control")
    begins = datetime.now(UTC) + timedelta(hours=1)
    signal = {"name": "SIMPLE", "type": "level", "intervals": [{"duration": "PT1H", "value": 2}]}
    call(
        "POST",
        f"{vtn}/events",
        {"event_id": "E-2", "vens": [VEN], "starts_at": begins.isoformat(), "signals": [signal]},
    )
    print("event E-2:", until("it opts out", lambda: state() == "optOut" and "optOut"))

    event = next(e["event_id"] for e in call("GET", f"{vtn}/events") if e["event_id"] != "E-2")
    url = f"{vtn}/activations/{quote(event, safe='')}"
    until("every entry has come", lambda: len(call("GET", url)) == 8)
    for entry in call("GET", url):
        print("entry:", *filter(None, (entry[name] for name in ("step", "point", "value", "unit", "answer"))))
    Path("event.txt").write_text(event)


if __name__ == "__main__":
    main()
