"""Two heat pumps as Modbus devices on loopback: what is written to the limit is what they draw."""

import asyncio
import threading

from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer


class Devices(threading.Thread):
    """A Modbus server with one heat pump for each unit; ``port`` is where it listens."""

    def __init__(self, units: list[int]) -> None:
        super().__init__(daemon=True)
        holding = {unit: ModbusSequentialDataBlock(1, [0] * 300) for unit in units}
        self.holding = holding
        contexts = {
            unit: ModbusDeviceContext(hr=holding[unit], ir=ModbusSequentialDataBlock(1, [0] * 300))
            for unit in units
        }
        self._context = ModbusServerContext(devices=contexts, single=False)
        self._ready = threading.Event()
        self.port = 0

    def run(self) -> None:
        """Serve until ``end``."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = ModbusTcpServer(self._context, address=("127.0.0.1", 0))
        task = asyncio.create_task(self._server.serve_forever())
        while self._server.transport is None:
            await asyncio.sleep(0.01)
        self.port = self._server.transport.sockets[0].getsockname()[1]
        self._ready.set()
        await asyncio.gather(task, return_exceptions=True)

    def begin(self) -> int:
        """Start, and give the port."""
        self.start()
        self._ready.wait(10)
        return self.port

    def end(self) -> None:
        """Stop."""
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(10)
        self.join(10)
