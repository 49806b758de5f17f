"""A plant of simulated devices: a pymodbus server on loopback, with a log of all that is written to it."""

import asyncio
import threading
from contextlib import contextmanager

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from kg.devices.encodings import registers

_WRITES = (5, 6, 15, 16)
_SIZE = 45_000


class Plant:
    """The server's devices by unit id; what is written is logged as it comes in."""

    def __init__(self, units):
        self.tables = {unit: {"holding": [0] * _SIZE, "input": [0] * _SIZE} for unit in units}
        self.log = []
        self.port = 0

    def fill(self, unit, thing, values):
        """Set points of a mapping to raw numbers, as the device's own electronics would."""
        for name, raw in values.items():
            point = thing["properties"][name]
            form = point["forms"][0]
            address = int(form["href"].split("/")[2].partition("?")[0])
            low = "LITTLE_ENDIAN_BYTE_SWAP" in form["contentType"]
            words = registers(raw, point["flex:dataType"], (low, False))
            table = "input" if form["modv:entity"] == "InputRegister" else "holding"
            self.tables[unit][table][address : address + len(words)] = words

    def _trace(self, sending, pdu):
        if not sending and pdu.function_code in _WRITES:
            words = list(pdu.registers) or [int(bit) for bit in pdu.bits]
            self.log.append((pdu.dev_id, pdu.address, words))
        return pdu

    def _device(self, unit):
        bits = [SimData(0, values=[False] * 64, datatype=DataType.BITS)]
        tables = [
            [SimData(0, values=self.tables[unit][name], datatype=DataType.REGISTERS)]
            for name in ("holding", "input")
        ]
        return SimDevice(unit, simdata=(bits, bits, *tables))

    @contextmanager
    def running(self):
        """Serve on a free port of loopback until the end of the block."""
        loop = asyncio.new_event_loop()
        ready = threading.Event()

        async def serve():
            self.server = ModbusTcpServer(
                [self._device(unit) for unit in self.tables],
                address=("127.0.0.1", 0),
                trace_pdu=self._trace,
            )
            await self.server.listen()
            self.port = self.server.transport.sockets[0].getsockname()[1]
            ready.set()

        def run():
            asyncio.set_event_loop(loop)
            loop.run_until_complete(serve())
            loop.run_forever()
            loop.run_until_complete(self.server.shutdown())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert ready.wait(10)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
