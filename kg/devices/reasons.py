"""Why a command is refused: each reason has an id, a sentence and a cure."""

from dataclasses import dataclass
from typing import Any, Final

#: Rule -> what can be done.
CURES: Final = {
    "CMD-1": "name a resource of the site file",
    "CMD-2": "name a point of the mapping, or add one to it",
    "CMD-3": "send a finite number",
    "CMD-4": "send a value within the allowed range",
    "CMD-5": "send a signal that the strategy has a row for, add the row, or name a strategy: flex:strategy",
    "CMD-6": "send a value that is a whole number of steps above the smallest one",
    "CMD-7": "send another value; this one is forbidden, or not in the list of allowed ones",
    "CMD-8": "approach the value in smaller steps",
    "CMD-9": "wait until the shortest time between two writes is over",
    "CMD-10": "wait until the span is over in which writes are counted; memory wears out",
    "CMD-11": "put it into service again, or ask another resource",
    "CMD-12": "wait for the end of the opt-out",
    "CMD-13": "read that point and give its value with the command, or state it in the mapping",
    "CMD-14": "send a value that the device's data type can hold",
    "CMD-15": "send a value within the warranty, or have the owner change the mapping",
    "CMD-16": "name a point that can be written and is not for emergencies",
    "CMD-17": "name a market for which the resource is described",
    "CMD-18": "correct the clock, or the history",
    "CMD-19": "let one row of the strategy command the point, not one by its name and one by its command",
    "CMD-20": "send one of the levels 0 to 3",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason.

    Attributes:
        rule: id, for example ``"CMD-4"``.
        message: what is wrong.
        where: IRI of the device, or name of the resource.
        point: name of the point, empty where the reason is not about one.
        cure: what can be done.
    """

    rule: str
    message: str
    where: str = ""
    point: str = ""
    cure: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give the reason as plain data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        at = " ".join(part for part in (self.where, self.point) if part)
        return f"{self.rule} {self.message}" + (f" (at {at})" if at else "") + f"; {self.cure}"


def refusal(rule: str, message: str, where: str = "", point: str = "") -> Refusal:
    """Make a reason with the cure of its rule."""
    return Refusal(rule, message, where, point, CURES[rule])
