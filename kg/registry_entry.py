"""An entry of the activation registry: what is recorded of it, as JSON, and the triples that it means."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self
from urllib.parse import quote, urlsplit

from kg.errors import UsageError
from kg.lift import Lifted
from kg.literals import date_time, decimal, segment, string
from kg.namespaces import FLEX, ID, PROV, RDF, RDFS, UNIT

#: Message type of entries in the journal.
MESSAGE_TYPE: Final = "activationEntry"
_MARK: Final = b'{"flexkg":"activation-entry/1",'
Step = Literal["command", "answer", "baseline", "delivery", "deviation", "emergency", "limit"]
#: Step -> class of its entries.
STEPS: Final = {
    "command": "CommandEntry",
    "answer": "DeviceAnswerEntry",
    "baseline": "BaselineEntry",
    "delivery": "DeliveryEntry",
    "deviation": "DeviationEntry",
    "emergency": "EmergencyEntry",
    "limit": "LimitEntry",
}
#: Steps that state a figure of a data point, once unless it is corrected.
FIGURES: Final = ("baseline", "delivery")
#: Steps whose value may be a word of the device.
_IN_WORDS: Final = ("command", "answer")
#: Steps that are of no event: somebody acts on a plant past all of them.
INTERVENTIONS: Final = ("emergency", "limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryEntry:
    """One entry; it is never changed, a later one may correct it.

    Attributes:
        entry: its identifier; the same again is the same entry.
        vtn: vtnID of the VTN whose event is carried out.
        event: eventID; empty for an intervention, which is of no event.
        number: modificationNumber of the version that is carried out.
        ven: venID of the VEN that carries it out.
        step: what it records.
        at: when that happened, with a zone.
        agent: party that did it; the VEN without one.
        on_behalf_of: party in whose name.
        resource: resourceID; empty for all that is behind the VEN.
        device: the device that was commanded or answered.
        point: its data point.
        value: what was set, expected, delivered or deviated, in ``unit``.
        unit: local name of the QUDT unit, for example ``"KiloW"``.
        answer: words of the device, or the reason of a deviation.
        corrects: the entry that this one takes the place of.
        method: by which rule the value was worked out from readings (``kg.activation.baseline``); empty where
            somebody stated it.
    """

    entry: str
    vtn: str = ""
    event: str = ""
    number: int = 0
    ven: str
    step: Step
    at: str
    agent: str = ""
    on_behalf_of: str = ""
    resource: str = ""
    device: str = ""
    point: str = ""
    value: str = ""
    unit: str = ""
    answer: str = ""
    corrects: str = ""
    method: str = ""

    @classmethod
    def made(cls, **stated: Any) -> Self:
        """Make an entry; without an identifier it gets one made from its content."""
        content = json.dumps(stated, sort_keys=True, default=str).encode()
        stated["entry"] = stated.get("entry") or hashlib.sha256(content).hexdigest()[:32]
        return cls(**stated)

    @property
    def activation(self) -> str:
        """IRI of the activation that it belongs to, or of the intervention that it is."""
        if self.step in INTERVENTIONS:
            return f"{ID}intervention/{segment(self.ven)}/{segment(self.entry)}"
        parts = (self.vtn, self.event, str(self.number), self.resource or self.ven)
        return f"{ID}activation/" + "/".join(map(segment, parts))

    @property
    def iri(self) -> str:
        """IRI of the entry."""
        return f"{ID}registry-entry/{segment(self.entry)}"

    def payload(self) -> bytes:
        """Write it as the journal keeps it."""
        stated = {name: value for name, value in asdict(self).items() if value not in ("", None)}
        return _MARK + json.dumps(stated, ensure_ascii=False, separators=(",", ":"))[1:].encode()

    def require_sound(self) -> None:
        """Refuse what could be recorded and not be read again.

        Raises:
            UsageError: it has no VEN, characters or an address that are none, or a figure that is no number.
        """
        wrong = ""
        try:
            self.payload()
            urlsplit(self.device)
        except UnicodeEncodeError:
            wrong = "a text has half a character"
        except ValueError:
            wrong = "the device is no address"
        if not self.ven or not self.entry:
            wrong = "ven is empty"
        elif self.value and self.step not in _IN_WORDS and not decimal(self.value).endswith("decimal>"):
            wrong = "value is no number"
        if wrong:
            raise UsageError(f"of the entry, {wrong}", where="entry", cure="mend that")

    def lines(self) -> list[str]:
        """Write what it means, N-Triples lines.

        Raises:
            UsageError: its step is none, or its time has no zone.
        """
        kind = STEPS.get(self.step)
        if kind is None:
            raise UsageError(f"{self.step!r} is no step", where="step", cure=f"use one of {', '.join(STEPS)}")
        try:
            at = datetime.fromisoformat(self.at)
            at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise UsageError(
                f"{self.at!r} is no time", where="at", cure="write 2026-11-03T17:00:00Z"
            ) from error
        if at.tzinfo is None:
            raise UsageError("the time has no zone", where="at", cure="write 2026-11-03T17:00:00Z")
        of_event = self.step not in INTERVENTIONS
        if of_event != bool(self.event):
            what = "names no event" if of_event else "is of a plant, not of an event"
            raise UsageError(f"an entry of the step {self.step} {what}", where="event", cure="mend that")
        time = date_time(at.astimezone(UTC).isoformat().replace("+00:00", "Z"))
        me, activation, agent = f"<{self.iri}>", f"<{self.activation}>", self.agent or self.ven
        version = "/".join(map(segment, (self.vtn, self.event, str(self.number))))
        within = [
            f"{me} <{FLEX}entryOf> {activation} .",
            f"{activation} <{RDF}type> <{FLEX}Activation> .",
            f"{activation} <{FLEX}activates> <{ID}event/{version}> .",
        ]
        if not of_event:
            within = [
                f"{me} <{PROV}wasGeneratedBy> {activation} .",
                f"{activation} <{RDF}type> <{FLEX}Intervention> .",
                f"{activation} <{RDF}type> <{PROV}Activity> .",
            ]
        party = f"<{ID}party/{segment(agent)}>"
        lines = [
            f"{me} <{RDF}type> <{FLEX}RegistryEntry> .",
            f"{me} <{RDF}type> <{FLEX}{kind}> .",
            *within,
            f"{me} <{PROV}generatedAtTime> {time} .",
            f"{me} <{PROV}wasAttributedTo> {party} .",
            f"{activation} <{PROV}wasAssociatedWith> {party} .",
            f"{activation} <{FLEX}ven> <{ID}party/{segment(self.ven)}> .",
        ]
        if self.resource:
            resource = f"{ID}resource/{segment(self.ven)}/{segment(self.resource)}"
            lines.append(f"{activation} <{FLEX}ofResource> <{resource}> .")
            lines.append(f"<{resource}> <{RDFS}label> {string(self.resource)} .")
        if self.on_behalf_of:
            lines.append(f"{party} <{PROV}actedOnBehalfOf> <{ID}party/{segment(self.on_behalf_of)}> .")
        if self.corrects:
            lines.append(f"{me} <{PROV}wasRevisionOf> <{ID}registry-entry/{segment(self.corrects)}> .")
        if self.step in FIGURES and self.point:
            point = f"{ID}point/" + "/".join(map(segment, (self.ven, self.point)))
            lines.append(f"{me} <{FLEX}accountsFor> <{point}> .")
        if self.answer:
            lines.append(f"{me} <{FLEX}deviceAnswer> {string(self.answer)} .")
        subject = me
        if self.step == "command":
            subject = f"<{self.iri}/command>"
            lines += [
                f"{activation} <{FLEX}command> {subject} .",
                f"{subject} <{RDF}type> <{FLEX}DeviceCommand> .",
                f"{subject} <{FLEX}sentAt> {time} .",
            ]
            if self.device:
                parts = filter(None, (self.device, self.point))
                point = f"<{ID}point/" + "/".join(map(segment, parts)) + ">"
                lines.append(f"{subject} <{FLEX}setsPoint> {point} .")
        if self.device:
            named = urlsplit(self.device).scheme in ("urn", "http", "https")
            device = (
                quote(self.device, safe=":/?#[]@!$&'()*+,;=%~")
                if named
                else f"{ID}device/{segment(self.device)}"
            )
            lines.append(f"{subject} <{FLEX}ofDevice> <{device}> .")
        if self.value:
            lines.append(f"{subject} <{FLEX}value> {decimal(self.value)} .")
        if self.unit:
            lines.append(f"{subject} <{FLEX}unit> <{UNIT}{segment(self.unit)}> .")
        return lines

    def lifted(self) -> Lifted:
        """Give it as the store takes it in."""
        return Lifted(self.iri, MESSAGE_TYPE, "flexkg", self.lines())

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes, hexadecimal."""
        return hashlib.sha256(self.payload()).hexdigest()


def is_entry(payload: bytes) -> bool:
    """Say whether bytes of the journal are an entry of the registry."""
    return payload.startswith(_MARK)


def read_entry(payload: bytes) -> RegistryEntry:
    """Read an entry of the journal.

    Raises:
        UsageError: it has other fields than this version knows.
    """
    try:
        stated = json.loads(payload)
        del stated["flexkg"]
        return RegistryEntry(**stated)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        names = ", ".join(field.name for field in fields(RegistryEntry))
        raise UsageError("the entry cannot be read", cure=f"its fields are {names}") from error
