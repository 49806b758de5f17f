"""A battery over IEC 61850: the same gateway parts with another driver, and an IED that serves an ICD."""

import contextlib
import json
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from open61850.server import IedModel, MmsServer

from kg.devices.models import find_model, instance, written
from kg.devices.sites import load_site
from kg.gateway.carrier import Carrier
from kg.gateway.memory import Memory
from kg.gateway.meter import Meter
from kg.gateway.mms import Ieds
from kg.gateway.points import find_point
from kg.gateway.records import OwnRecord
from kg.ingest import Ingest
from kg.openadr.upstream import Upstream
from kg.simulation.processes import call, free_port, serve, until

VEN = "BATTERY-1"


def main() -> None:
    """Run the story, and stop what it started."""
    logging.disable(logging.ERROR)
    with contextlib.ExitStack() as undo:
        tell(undo)


def tell(undo: contextlib.ExitStack) -> None:
    """Run the story."""
    port, folder = free_port(), Path("battery")
    model = IedModel.from_scl("der.icd")
    server = MmsServer(model, host="127.0.0.1", port=port)
    model.set("DERLD0/LPHD1.PhyHealth.stVal[ST]", 1)
    model.set("DERLD0/MMXU1.TotW.mag.f[MX]", 0.0)

    def follow(command: Any) -> None:
        """Do what the set point says."""
        watts = command.ctl_val.members[0].value
        model.set("DERLD0/DWGC1.WSpt.mxVal.f[MX]", watts)
        model.set("DERLD0/MMXU1.TotW.mag.f[MX]", watts)

    server.start()
    server.controls.set_handler("DERLD0/DWGC1.WSpt", follow)
    undo.callback(server.stop)
    folder.mkdir()
    made = instance(find_model("der-iec61850"), "urn:dev:battery-1", {"HOST": "127.0.0.1"})
    made["base"] = f"mms://127.0.0.1:{port}"
    (folder / "battery.td.jsonld").write_text(written(made))
    site = {"@context": "https://w3id.org/flexkg/context/site"}
    site["resources"] = [{"resourceID": "BATTERY", "devices": ["urn:dev:battery-1"]}]
    (folder / "plant.site.jsonld").write_text(json.dumps(site))
    plans = load_site([str(folder)]).plans

    vtn = serve(undo, "aggregator-of-the-battery", "AGG", report_every="PT1S", poll_frequency="PT1S")
    line = Ieds(plans["BATTERY"])
    undo.callback(line.close)
    ingest = Ingest(folder / "store")
    undo.callback(ingest.close)
    carrier = Carrier(
        plans,
        "BATTERY",
        line,
        ven=VEN,
        records=[OwnRecord(ingest)],
        memory=Memory(ingest, plans["BATTERY"]),
        ready="health",
        ready_when=lambda health: health in (1, 2),  # ok, warning
        meter=Meter(find_point(plans["BATTERY"], "power"), Decimal(-1)),
    )
    ven = Upstream(f"{vtn}/OpenADR2/Simple/2.0b", VEN, ingest, carrier, shortest="PT1S")
    ven.step()

    def event(name: str, watts: int, start: datetime) -> str:
        item = {"base": "powerReal", "units": "W"}
        signal = {"name": "LOAD_DISPATCH", "type": "setpoint", "item": item}
        signal["intervals"] = [{"duration": "PT1H", "value": watts}]
        body = {"event_id": name, "vens": [VEN], "starts_at": start.isoformat(), "signals": [signal]}
        call("POST", f"{vtn}/events", body)

        def opt() -> str:
            ven.step()
            return next(e["opt"] for e in call("GET", f"{vtn}/events") if e["event_id"] == name)

        return until("it answers", opt)

    now = datetime.now(UTC)
    print("event of 120 kW:", event("E-1", 120_000, now))
    for write in carrier.dispatch():
        print(f"operated: {write.message['reference']} = {write.raw}")
    print(f"the IED has {model.get('DERLD0/DWGC1.WSpt.mxVal.f[MX]')}")
    print("event of 900 kW, beyond the mapping:", event("E-2", 900_000, now + timedelta(hours=2)))
    model.set("DERLD0/LPHD1.PhyHealth.stVal[ST]", 3)
    print("event while the IED tells an alarm:", event("E-3", 1000, now + timedelta(hours=4)))
    ven.step()
    print(
        "the running event:", next(e["opt"] for e in call("GET", f"{vtn}/events") if e["event_id"] == "E-1")
    )


if __name__ == "__main__":
    main()
