"""Flexibility user, aggregator, two gateways: from the event to the devices' registers and back."""

import contextlib
import json
import logging
import urllib.request
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from device import Devices

from kg.devices.models import find_model, instance, written
from kg.simulation.processes import call, serve, start, until


def gateway(undo: contextlib.ExitStack, number: int, vtn: str, modbus: int) -> None:
    """Write a gateway's folder (mapping, site, configuration), and run ``flexkg gateway`` on it."""
    folder, device = Path(f"home-{number}"), f"urn:dev:pump-{number}"
    folder.mkdir()
    values = {"HOST": "127.0.0.1", "PORT": str(modbus), "UNIT": str(number)}
    made = instance(find_model("generic-heat-pump"), device, values)
    (folder / "pump.td.jsonld").write_text(written(made))
    site = {"@context": "https://w3id.org/flexkg/context/site"}
    site["resources"] = [{"resourceID": "PUMP", "devices": [device]}]
    (folder / "home.site.jsonld").write_text(json.dumps(site))
    told = Path("gateway.toml").read_text()
    (folder / "gateway.toml").write_text(told.format(vtn=vtn, number=number))
    start(undo, f"home-{number}.log", ["flexkg", "gateway", str(folder)], "gateway GATEWAY-.*")


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
    often = {"report_every": "PT2S", "poll_frequency": "PT1S"}
    user = serve(undo, "user", "USER", **often)
    above = {"upstream": f"{user}/OpenADR2/Simple/2.0b", "shares": "shares.csv", "ven_name": "AGGREGATOR"}
    aggregator = serve(undo, "aggregator", "AGG", **above, **often)
    for number in (1, 2):
        gateway(undo, number, aggregator, port)
    until("the aggregator registers", lambda: any(v["registered"] for v in call("GET", f"{user}/vens")))
    until(
        "both gateways register", lambda: sum(v["registered"] for v in call("GET", f"{aggregator}/vens")) == 2
    )
    print("registered: AGGREGATOR with USER, GATEWAY-1 and GATEWAY-2 with AGG")

    begins = datetime.now(UTC) + timedelta(seconds=5)
    signal = {
        "name": "LOAD_DISPATCH",
        "type": "setpoint",
        "item": {"base": "powerReal", "units": "W", "scale": "k"},
        "intervals": [{"duration": "PT8S", "value": 9}],
    }
    asked = {"event_id": "E-1", "vens": ["AGGREGATOR"], "starts_at": begins.isoformat(), "signals": [signal]}
    call("POST", f"{user}/events", asked)

    def answered() -> list[str]:
        opts = {e["ven_id"]: e["opt"] for e in call("GET", f"{aggregator}/events")}
        return (
            sorted(f"{ven} {opt}" for ven, opt in opts.items())
            if len(opts) == 2 and all(opts.values())
            else []
        )

    print("asked of all: 9 kW at most;", ", ".join(until("both gateways answer", answered)))
    print("opt of the aggregator:", until("it answers", lambda: call("GET", f"{user}/events")[0]["opt"]))
    for number in (1, 2):
        held = until("the register is written", lambda n=number: devices.limit(n))
        print(f"GATEWAY-{number}: power limit register holds {held} W")

    text = "SELECT ?value { ?r a saref:Observation ; saref:hasResult ?x . ?x saref:hasValue ?value }"

    def merged() -> list[float]:
        rows = call("GET", f"{user}/sparql?query={quote(text)}")["results"]["bindings"]
        return [value for row in rows if (value := float(row["value"]["value"])) == 9000]

    print(f"reported to the flexibility user: {until('the merged report goes up', merged)[0]:g} W")
    until("the event is over", lambda: call("GET", f"{user}/events")[0]["status"] == "completed")
    for entry in call("GET", f"{aggregator}/activations/{quote('USER:E-1~GATEWAY-1', safe='')}"):
        said = (entry[name] for name in ("step", "point", "value", "unit", "answer"))
        print("entry:", *filter(None, said))
    for made in call("POST", f"{user}/activations/E-1/settlement")["made"]:
        print("settled:", *(made[name] for name in ("step", "value", "unit", "answer")))
    for name, address in (("aggregator", aggregator), ("user", user)):
        event = "E-1" if name == "user" else "USER:E-1~GATEWAY-1"
        url = f"{address}/activations/{quote(event, safe='')}/evidence"
        with urllib.request.urlopen(url, timeout=30) as answer:
            Path(f"{name}.zip").write_bytes(answer.read())
        with zipfile.ZipFile(f"{name}.zip") as archive:
            archive.extractall(f"pack-{name}")


if __name__ == "__main__":
    main()
