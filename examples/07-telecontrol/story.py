"""A grid operator's control centre, an aggregator, a plant, and the gateway between them."""

import contextlib
import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import c104
from gateway import VEN, Gateway
from iec104 import Caller
from plant import Plant


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def serve(undo: contextlib.ExitStack, store: str) -> str:
    """Start an aggregator's service; gives its address."""
    settings = {"FLEXKG_REPORT_EVERY": "PT1S", "FLEXKG_POLL_FREQUENCY": "PT1S"}
    command = ["flexkg", "serve", "--store", store, "--vtn", "AGG", "--port", "0"]
    process = subprocess.Popen(
        command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    undo.callback(process.stdout.close)
    undo.callback(process.wait, 30)
    undo.callback(process.terminate)
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    return found[0] if found else sys.exit(line)


def call(url: str, body: Any = None) -> Any:
    """Make a request with JSON; gives the answer's."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")


def until(what: str, found: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until something is so; the story ends where it does not come to that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.1)
    sys.exit(f"it did not come to that: {what}")


class ControlCentre:
    """The grid operator: a controlling station on c104 alone."""

    def __init__(self, port: int) -> None:
        self.client = c104.Client(tick_rate_ms=50, command_timeout_ms=300)
        self.caller = Caller(self.client, "127.0.0.1", port)
        station = self.caller.connection.add_station(common_address=7)
        self.setpoint = station.add_point(io_address=200, type=c104.Type.C_SE_NC_1)
        self.level = station.add_point(io_address=201, type=c104.Type.C_SE_NB_1)
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
    vtn = serve(undo, "aggregator")
    plant_port, station_port = free_port(), free_port()
    plant = Plant(plant_port)
    undo.callback(plant.close)
    gateway = Gateway(Path("gateway"), vtn, plant_port, station_port)
    undo.callback(gateway.close)
    gateway.round()
    centre = ControlCentre(station_port)
    undo.callback(centre.client.stop)

    def state() -> str:
        """Say opt and reason of the newest event."""
        gateway.round()
        ven = next(v for v in call(f"{vtn}/vens") if v["ven_id"] == VEN)
        newest = max(call(f"{vtn}/events"), key=lambda event: event["starts_at"])
        reason = next((o["reason"] for o in ven["opts"] if o["event_id"] == newest["event_id"]), "")
        return f"{newest['opt']} {reason}".strip()

    centre.send("setpoint", 80.0)
    centre.send("setpoint", 30.0)
    print("event for the gateway:", until("it opts in", lambda: state() == "optIn" and "optIn"))
    until("the plant feeds in", lambda: (gateway.round(), plant.power.value == 30)[1])
    print(f"plant feeds in {plant.power.value:g} kW; control centre sees", end=" ")
    print(until("the control centre sees it", lambda: (gateway.round(), centre.power.value)[1]), "kW")
    text = "SELECT ?value { ?r a saref:Observation ; saref:hasResult ?x . ?x saref:hasValue ?value }"

    def reported() -> list[float]:
        gateway.round()
        rows = call(f"{vtn}/sparql?query={quote(text)}")["results"]["bindings"]
        return [value for row in rows if (value := float(row["value"]["value"])) == -30000]

    print(f"reported to the aggregator: {until('the report comes', reported)[0]:g} W")

    centre.send("stop", True)
    print(f"plant feeds in {plant.power.value:g} kW")
    print("event:", until("it opts out", lambda: state() != "optIn" and state()))
    centre.send("stop", False)

    def seen(available: bool) -> bool:
        gateway.round()
        return centre.available.value == available

    until("the control centre sees that the plant is available", lambda: seen(True))
    plant.lock(True)
    until("the control centre sees that it is not available", lambda: seen(False))
    print("plant: taken out of remote control")
    start = datetime.now(UTC) + timedelta(hours=1)
    signal = {"name": "SIMPLE", "type": "level", "intervals": [{"duration": "PT1H", "value": 2}]}
    call(
        f"{vtn}/events",
        {"event_id": "E-2", "vens": [VEN], "starts_at": start.isoformat(), "signals": [signal]},
    )
    print("event E-2:", until("it opts out", lambda: state() == "optOut" and "optOut"))

    event = next(e["event_id"] for e in call(f"{vtn}/events") if e["event_id"] != "E-2")
    for entry in call(f"{vtn}/activations/{quote(event, safe='')}"):
        print("entry:", *filter(None, (entry[name] for name in ("step", "point", "value", "unit", "answer"))))
    Path("event.txt").write_text(event)


if __name__ == "__main__":
    main()
