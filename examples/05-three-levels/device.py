"""Two heat pumps as Modbus devices on loopback: what is written to the limit is what they draw."""

import asyncio
import threading
from functools import partial

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

LIMIT, POWER = 101, 10
WRITES, READ_INPUT = (6, 16), 4


class Devices(threading.Thread):
    """A Modbus server with one heat pump for each unit; ``port`` is where it listens."""

    def __init__(self, units: list[int]) -> None:
        super().__init__(daemon=True)
        self._limits = dict.fromkeys(units, 0)
        self._ready = threading.Event()
        self.port = 0

    def limit(self, unit: int) -> int:
        """Give what the limit register of a heat pump holds."""
        return self._limits[unit]

    async def _act(
        self,
        unit: int,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        current_registers: list[int],
        set_values: list[int] | None,
    ) -> None:
        """Be the device: notes its limit, and shows it as the electric power, two registers."""
        if function_code in WRITES and set_values and address <= LIMIT < address + count:
            self._limits[unit] = set_values[LIMIT - address]
        elif function_code == READ_INPUT:
            current_registers[POWER - start_address : POWER - start_address + 2] = [0, self._limits[unit]]

    def _device(self, unit: int) -> SimDevice:
        bits = [SimData(0, values=[False] * 64, datatype=DataType.BITS)]
        registers = [SimData(0, values=[0] * 300, datatype=DataType.REGISTERS)]
        return SimDevice(unit, simdata=(bits, bits, registers, registers), action=partial(self._act, unit))

    def run(self) -> None:
        """Serve until ``end``."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        devices = [self._device(unit) for unit in self._limits]
        server = ModbusTcpServer(devices, address=("127.0.0.1", 0))
        await server.listen()
        self.port = server.transport.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        await server.shutdown()

    def begin(self) -> int:
        """Start, and give the port."""
        self.start()
        self._ready.wait(10)
        return self.port

    def end(self) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self.join(10)
