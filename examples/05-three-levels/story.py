"""Flexibility user, aggregator, two gateways: from the event to the devices' registers and back."""

import contextlib
import json
import logging
import os
import re
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from device import Devices
from gateway import Gateway


def serve(undo: contextlib.ExitStack, store: str, vtn: str, **settings: str) -> str:
    """Start a service; gives its address."""
    environment = os.environ | {f"FLEXKG_{name.upper()}": value for name, value in settings.items()}
    command = ["flexkg", "serve", "--store", store, "--vtn", vtn, "--port", "0"]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    undo.callback(process.stdout.close)
    undo.callback(process.wait, 30)
    undo.callback(process.terminate)
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    if found is None:
        sys.exit(line)
    return found[0]


def call(method: str, url: str, body: Any = None) -> Any:
    """Make a request with JSON; gives the answer's."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")


def until(what: str, found: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something is so; the story ends where it does not come to that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.2)
    sys.exit(f"it did not come to that: {what}")


def main() -> None:
    """Run the story, and stop what it started."""
    logging.getLogger("pymodbus").setLevel(logging.ERROR)
    with contextlib.ExitStack() as undo:
        tell(undo)


def tell(undo: contextlib.ExitStack) -> None:
    """Run the story; what it starts is stopped by ``undo``, however it ends."""
    devices = Devices([1, 2])
    port = devices.begin()
    undo.callback(devices.end)
    user = serve(undo, "user", "USER", report_every="PT2S", poll_frequency="PT1S")
    aggregator = serve(
        undo,
        "aggregator",
        "AGG",
        upstream=f"{user}/OpenADR2/Simple/2.0b",
        shares="shares.csv",
        ven_name="AGGREGATOR",
        report_every="PT2S",
        poll_frequency="PT1S",
    )
    gateways = [Gateway(Path(f"home-{n}"), f"GATEWAY-{n}", aggregator, port, n) for n in (1, 2)]
    for gateway in gateways:
        undo.callback(gateway.close)
    for gateway in gateways:
        gateway.ven.step()
    until("the aggregator registers", lambda: any(v["registered"] for v in call("GET", f"{user}/vens")))
    print("registered: AGGREGATOR with USER, GATEWAY-1 and GATEWAY-2 with AGG")

    start = datetime.now(UTC) + timedelta(seconds=3)
    signal = {
        "name": "LOAD_DISPATCH",
        "type": "setpoint",
        "item": {"base": "powerReal", "units": "W", "scale": "k"},
        "intervals": [{"duration": "PT1H", "value": 9}],
    }
    asked = {"event_id": "E-1", "vens": ["AGGREGATOR"], "starts_at": start.isoformat(), "signals": [signal]}
    call("POST", f"{user}/events", asked)
    until("the event is split", lambda: len(call("GET", f"{aggregator}/events")) == 2)
    for gateway in gateways:
        until("the gateway has its event", lambda g=gateway: (g.ven.step(), g.events)[1])
    opts = {e["ven_id"]: e["opt"] for e in call("GET", f"{aggregator}/events")}
    print(f"asked of all: 9 kW at most; opts: {dict(sorted(opts.items()))}")
    print("opt of the aggregator:", until("it answers", lambda: call("GET", f"{user}/events")[0]["opt"]))

    time.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds()) + 0.2)
    for gateway in gateways:
        print(f"{gateway.name}: power limit register holds {gateway.dispatch()[0]} W")
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
    for gateway in gateways:
        gateway.read(minute)
        gateway.ven.report()
    until("the merged report goes up", lambda: any(v["last_report"] for v in call("GET", f"{user}/vens")))
    text = "SELECT ?value { ?r a saref:Observation ; saref:hasResult ?x . ?x saref:hasValue ?value }"
    found = call("GET", f"{user}/sparql?query={quote(text)}")["results"]["bindings"]
    print("reported to the flexibility user, W:", *(f"{float(row['value']['value']):g}" for row in found))
    for entry in call("GET", f"{aggregator}/activations/{quote('USER:E-1~GATEWAY-1', safe='')}"):
        said = (entry[name] for name in ("step", "value", "unit", "answer"))
        print("entry:", *filter(None, said))
    for name, address in (("aggregator", aggregator), ("user", user)):
        event = "E-1" if name == "user" else "USER:E-1~GATEWAY-1"
        with urllib.request.urlopen(f"{address}/activations/{quote(event, safe='')}/evidence") as answer:
            Path(f"{name}.zip").write_bytes(answer.read())
        with zipfile.ZipFile(f"{name}.zip") as archive:
            archive.extractall(f"pack-{name}")


if __name__ == "__main__":
    main()
