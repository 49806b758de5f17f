"""What one value of a payload means, as data and as a sentence."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kg.binding_draft import Binding
from kg.units import plain, product

_DIRECTIONS = {"import": "drawn from the grid counts positive", "export": "fed into the grid counts positive"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one value of a payload means.

    Attributes:
        node: IRI of the interval or reading that holds the value.
        value: the value as sent; None where it is no number.
        binding: quantity, unit, direction and aggregation.
        starts_at: ISO date-time, empty where it is not known.
        ends_at: likewise.
        of: names of what it is about: resources, VENs, groups.
        about: what holds the value, for example ``"signal LOAD_DISPATCH delta of event SHED-7"``.
        text: the value as sent where it is no number; empty for one that is, and where there is none.
        quality: what the message says of a reading's quality, confidence and accuracy.
    """

    node: str
    value: Decimal | None
    binding: Binding
    starts_at: str
    ends_at: str
    of: tuple[str, ...]
    about: str
    text: str = ""
    quality: str = ""

    @property
    def base_value(self) -> Decimal | None:
        """The value in the unit before scaling, exactly."""
        return None if self.value is None else product(self.value, self.binding.factor)

    def as_dict(self) -> dict[str, Any]:
        """Give the meaning as plain data, numbers as text so that they stay exact."""
        binding = self.binding
        return {
            "node": self.node,
            "about": self.about,
            "value": None if self.value is None else str(self.value),
            "text": self.text,
            "base_value": None if self.base_value is None else plain(self.base_value),
            "says": binding.says,
            "quantity_kind": binding.quantity_kind,
            "unit": binding.unit,
            "symbol": binding.symbol,
            "measured_in": binding.measured_in,
            "factor": plain(binding.factor),
            "direction": binding.direction,
            "positive_means": binding.positive_means,
            "aggregation": binding.aggregation,
            "cim_reading_type": binding.cim_reading_type,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "of": list(self.of),
            "quality": self.quality,
            "origins": dict(binding.origins),
            "missing": list(binding.missing),
        }

    def sentence(self) -> str:
        """Say it in a sentence."""
        binding = self.binding
        if self.value is None and not self.text:
            unit = f" in {binding.symbol}" if binding.symbol else ""
            return f"{self.about}: {binding.says or 'without meaning'}{unit}{self._how()}{self._whose()}."
        amount = f'"{self.text}"' if self.value is None else f"{self.value} {binding.symbol}".rstrip()
        if binding.factor != 1 and binding.unit and self.base_value is not None:
            amount += f" (= {plain(self.base_value)} {binding.unit.rpartition('/')[2]})"
        what = binding.says or "a value without meaning"
        sure = f", {self.quality}" if self.quality else ""
        return f"{self._when()}: {what} {amount}{self._how()}{sure}{self._whose()}."

    def _when(self) -> str:
        if self.starts_at and self.starts_at == self.ends_at:
            return f"At {self.starts_at}"
        when = f"From {self.starts_at}" if self.starts_at else "At no stated time"
        return when + (f" to {self.ends_at}" if self.ends_at else " on" if self.starts_at else "")

    def _how(self) -> str:
        binding = self.binding
        if not binding.unit or "/Cost" in binding.quantity_kind:
            return ""
        how = [binding.aggregation, _DIRECTIONS.get(binding.positive_means, "")]
        return "".join(f", {part}" for part in how if part)

    def _whose(self) -> str:
        return f", for {' and '.join(self.of) if self.of else 'everything behind the VEN'}"

    def origins(self) -> list[str]:
        """Say where each part of the sentence is from, and what nothing tells."""
        lines = [f"{field}: {origin}" for field, origin in self.binding.origins]
        return [f"value: {self.about}", *lines, *(f"missing: {what}" for what in self.binding.missing)]
