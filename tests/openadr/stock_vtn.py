"""A stock openleadr VTN in a process of its own: ``python -m tests.openadr.stock_vtn PORT``."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from openleadr import OpenADRServer


async def main(port):
    server = OpenADRServer(vtn_id="STOCK", http_port=port, requested_poll_freq=timedelta(seconds=1))

    async def on_register(registration):
        return "VEN-S", "REG-S"

    async def on_register_report(*_args, **_kwargs):
        return None

    def ven_lookup(ven_id):
        return {"ven_id": ven_id, "ven_name": "x", "registration_id": "REG-S", "fingerprint": None}

    server.ven_lookup = ven_lookup
    server.add_handler("on_create_party_registration", on_register)
    server.add_handler("on_register_report", on_register_report)

    def answered(ven_id, event_id, opt_type):
        return None

    await server.run_async()
    server.add_event(
        ven_id="VEN-S",
        signal_name="simple",
        signal_type="level",
        intervals=[
            {
                "dtstart": datetime.now(UTC) + timedelta(hours=1),
                "duration": timedelta(hours=1),
                "signal_payload": 1.0,
            }
        ],
        callback=answered,
    )
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
