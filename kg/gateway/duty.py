"""An event as a gateway carries it out: its signals, and how far it is."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from kg.devices.commands import Command
from kg.items import scale_factor
from kg.openadr.event_request import ANY_MARKET
from kg.openadr.told import Message
from kg.openadr.ven import Event


@dataclass(slots=True)
class Duty:
    """An event that is to be carried out.

    Attributes:
        event: its current version.
        vtn: vtnID of who asks.
        market: its market context.
        signals: name, type, and what a value is multiplied with, for each signal.
        opt: what was answered.
        priority: its priority, 1 before 2; 0 for none.
        done: values of which ``wanted`` was worked out; None for none yet.
        wanted: device and point -> what it asks for now.
        told: reasons for not carrying it out that were recorded.
        powers: of each signal, whether its values are powers, which are split.
        resources: resourceIDs that it is for; none: for all.
        misfit: why its values cannot be taken for what strategies count in; empty where they can.
    """

    event: Event
    vtn: str
    market: str
    signals: list[tuple[str, str, Decimal]]
    priority: int = 0
    opt: str = ""
    wanted: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    done: tuple[str, ...] | None = None
    told: set[str] = field(default_factory=set)
    powers: tuple[bool, ...] = ()
    resources: frozenset[str] = frozenset()
    misfit: str = ""

    @property
    def _market(self) -> str:
        """The market that mappings are compared with; empty where none was meant."""
        return "" if self.market == ANY_MARKET else self.market

    def commands(self, values: list[str]) -> list[Command]:
        """Give the commands for one value of each signal."""
        return [
            Command(name, kind, Decimal(value) * factor, market=self._market)
            for (name, kind, factor), value in zip(self.signals, values, strict=True)
        ]

    def every_command(self) -> list[Command]:
        """Give the commands of all intervals."""
        steps = zip(self.signals, self.event.steps, strict=True)
        return [
            Command(name, kind, Decimal(value) * factor, market=self._market)
            for (name, kind, factor), intervals in steps
            for _, _, value in intervals
        ]

    def runs(self, now: datetime) -> bool:
        """Whether something of it is to be written now: nothing is that was not opted in to."""
        return self.event.status(now) == "active" and not self.event.test and self.opt == "optIn"


def duties(message: Message) -> list[Duty]:
    """Read the events of an oadrDistributeEvent."""
    found = []
    for version in message.nodes("conveys"):
        signals, bases = [], []
        for signal in message.nodes("signal", version):
            item = next(iter(message.nodes("item", signal)), "")
            scale = message.text(item, "siScaleCode") if item else ""
            bases.append(message.text(item, "itemBase") if item else "")
            signals.append(
                (
                    message.text(signal, "signalName"),
                    message.text(signal, "signalType"),
                    scale_factor(scale),
                )
            )
        market = message.text(version, "marketContext")
        priority = int(message.text(version, "priority") or 0)
        targets = (message.text(node, "resourceID") for node in message.nodes("target", version))
        found.append(
            Duty(
                message.event(version),
                message.one("vtnID"),
                market,
                signals,
                priority,
                powers=tuple(base.startswith("power") for base in bases),
                resources=frozenset(targets) - {""},
                misfit=_misfit(signals, bases),
            )
        )
    return found


#: Name of a signal -> the itemBase in whose unit, W or Wh, strategies count its values.
_COUNTED_IN: Final = {"LOAD_DISPATCH": "powerReal", "CHARGE_STATE": "energyReal"}


def _misfit(signals: list[tuple[str, str, Decimal]], bases: list[str]) -> str:
    """Say which signal is in another quantity than strategies count in: 16 A are no 16 W."""
    for (name, kind, _), base in zip(signals, bases, strict=True):
        meant = _COUNTED_IN.get(name)
        if meant is not None and base != meant and kind in ("setpoint", "delta"):
            return f"{name} {kind} is in {base or 'no unit'}, strategies count in {meant}"
    return ""
