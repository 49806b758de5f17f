"""A combined heat and power unit by VHPready: a 104 station of its own, which knows nothing of FlexKG."""

import c104


class Plant:
    """The unit feeds in its set point while it is started, and nothing after an emergency switch-off."""

    def __init__(self, port: int) -> None:
        self.server = c104.Server(ip="127.0.0.1", port=port, tick_rate_ms=50)
        station = self.server.add_station(common_address=1)
        self.available = station.add_point(io_address=1001, type=c104.Type.M_SP_TB_1)
        self.running = station.add_point(io_address=1002, type=c104.Type.M_SP_TB_1)
        self.fault = station.add_point(io_address=1003, type=c104.Type.M_SP_TB_1)
        self.power = station.add_point(io_address=3001, type=c104.Type.M_ME_TF_1)
        self.heat = station.add_point(io_address=3002, type=c104.Type.M_ME_TF_1)
        self.setpoint = station.add_point(io_address=6001, type=c104.Type.C_SE_TC_1)
        self.start = station.add_point(io_address=5001, type=c104.Type.C_SC_TA_1)
        self.stop = station.add_point(io_address=5002, type=c104.Type.C_SC_TA_1)
        self.available.value, self.running.value, self.fault.value = True, False, False
        self.power.value, self.heat.value = 0.0, 40.0
        self.started, self.asked = False, 25.0
        for point in (self.setpoint, self.start, self.stop):
            point.on_receive(self._taker())
        self.server.start()

    def _taker(self):
        def take(
            point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage
        ) -> c104.ResponseState:
            if point.io_address == 6001:
                self.asked = float(point.value)
            elif point.io_address == 5001:
                self.started = bool(point.value)
            self.show()
            return c104.ResponseState.SUCCESS

        return take

    def show(self) -> None:
        """Tell what the unit does now."""
        runs = self.started and not self.stop.value and self.available.value
        self.running.value, self.power.value = runs, self.asked if runs else 0.0
        for point in (self.available, self.running, self.power):
            point.transmit(cause=c104.Cot.SPONTANEOUS)

    def lock(self, locked: bool) -> None:
        """Take the unit out of remote control, or give it back: the key switch on its door."""
        self.available.value = not locked
        self.show()

    def close(self) -> None:
        """Switch the station off."""
        self.server.stop()
