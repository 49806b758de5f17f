"""flexkg gateway: the command that runs a gateway. What it does is in kg/gateway."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer


def gateway(
    site: Annotated[
        Path,
        typer.Argument(help="Folder of the site with its `gateway.toml`, or that file.", show_default=False),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Read everything, ask the plant, write nothing, and end.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log warnings and errors only.")] = False,
) -> None:
    """Run a gateway: VEN of a VTN on one side, devices on the other, perhaps a control centre on a third.

    The folder has the mappings of the devices (`*.td.jsonld`), a site file and `gateway.toml`. Modbus needs
    the package `pymodbus`, IEC 60870-5-104 `c104`, IEC 61850 `open61850`, OCPP `ocpp`, BACnet `bacpypes3`,
    S2 `s2-python`. `FLEXKG_TOKEN` is sent to the VTN's
    service where that asks for one. It ends with SIGTERM or Ctrl-C; what an event set stays until it is
    started again.

    Examples: `flexkg gateway home-1`, `flexkg gateway home-1 --check`
    """
    from kg.gateway.configuration import read_configuration
    from kg.gateway.running import Gateway

    logging.basicConfig(
        level=logging.WARNING if quiet else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it meets is told once, by the gateway
    logging.getLogger("ocpp").setLevel(logging.ERROR)
    made = Gateway(read_configuration(site), os.environ.get("FLEXKG_TOKEN", ""))
    try:
        if check:
            print(made.describe())
            for line in made.probe():
                print(line)
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        print(made.describe(), flush=True)
        made.run(stop)
        print("stopped", flush=True)
    finally:
        made.close()
