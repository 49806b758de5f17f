"""Automatic configuration: which mapping fits what a discovery saw, and why. No device is asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kg.devices.discovery import protocols_of, texts
from kg.devices.documents import Document
from kg.devices.models import placeholders, shipped
from kg.devices.terms import text
from kg.errors import UsageError

#: Members of a discovery record, and what each is worth where a pattern of a mapping meets it.
WEIGHTS: Final = {
    "models": 6,  # numbers of SunSpec models
    "obis": 5,
    "nodeClasses": 5,
    "controlTypes": 4,
    "useCases": 4,
    "manufacturer": 4,
    "model": 4,
    "protocol": 3,
    "kind": 3,
    "objectTypes": 2,
    "version": 1,
}
#: Members that speak against a mapping whose pattern they do not meet.
_DECISIVE: Final = ("models", "nodeClasses", "obis", "controlTypes", "useCases")
#: Below this a mapping is no candidate: a protocol or a kind alone is a guess.
LEAST: Final = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A mapping that may fit.

    Attributes:
        model: name of the Thing Model.
        title: its title.
        score: the higher the better; comparable within one record only.
        reasons: what speaks for it.
    """

    model: str
    title: str
    score: int
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give the suggestion as plain data."""
        return {"model": self.model, "title": self.title, "score": self.score, "reasons": list(self.reasons)}


def suggest(
    record: Mapping[str, Any], models: Mapping[str, Document] | None = None, where: str = ""
) -> list[Suggestion]:
    """Rank the mappings for a device.

    Args:
        record: what a discovery saw, with the members of `kg.devices.discovery.FIELDS`; texts, numbers or
            lists of them, all optional.
        models: Thing Models by name; the shipped ones where it is left out.
        where: place of the record, for messages.

    Returns:
        Candidates, the best first; empty where nothing fits well enough to be more than a guess.

    Raises:
        kg.errors.UsageError: a member is not known or of the wrong kind.

    >>> [one.model for one in suggest({"protocol": "modbus", "models": [1, 203]})]
    ['sunspec-meter']
    >>> suggest({"protocol": "modbus", "manufacturer": "Nobody"})
    []
    """
    seen = texts(record, where)
    found = []
    for name, document in (shipped() if models is None else models).items():
        candidate = _judge(name, document, seen)
        if candidate is not None:
            found.append(candidate)
    found.sort(key=lambda one: (-one.score, one.model))
    return [one for one in found if one.score * 2 > found[0].score]


def _judge(name: str, document: Document, seen: Mapping[str, str]) -> Suggestion | None:
    """Weigh one mapping; None where something speaks against it or too little for it."""
    protocols = _protocols(document)
    said = list(protocols_of(seen.get("protocol", "")))
    if "unknown" in seen or (said and protocols and not protocols & set(said)):
        return None
    patterns = document.data.get("flex:discovery")
    patterns = patterns if isinstance(patterns, dict) else {}
    score, reasons = 0, []
    if said and protocols & set(said) and "protocol" not in patterns:
        score += 2
        reasons.append(f"the protocol is {', '.join(sorted(protocols & set(said)))}")
    for field, weight in WEIGHTS.items():
        value, wanted = seen.get(field, ""), _patterns(patterns.get(field))
        if not value:
            continue
        hits = [_search(pattern, value, document) for pattern in wanted]
        if wanted and all(hits):
            score += weight
            words = ", ".join(repr(hit[0]) for hit in hits if hit)
            reasons.append(f"{field} {words} fits {' and '.join(map(repr, wanted))}")
        elif wanted and field == "protocol" and not re.search(r"\d", value):
            score += 2
            reasons.append(f"the protocol is {value!r}, without a version")
        elif wanted and (field in _DECISIVE or field == "protocol"):
            return None
        elif (field in _DECISIVE and not wanted) or (field == "kind" and wanted):
            score -= (
                3  # the device tells of something that the mapping knows nothing of, or is of another kind
            )
        own = text(document.data.get(f"flex:{field}"))
        if field in ("manufacturer", "model") and own and own != "Generic" and own.lower() in value.lower():
            score += weight
            reasons.append(f"{field} is {own!r}")
    return Suggestion(name, document.title, score, tuple(reasons)) if score >= LEAST else None


def _patterns(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one]


def _search(pattern: str, value: str, document: Document) -> "re.Match[str] | None":
    """Search for a pattern of a mapping.

    Raises:
        kg.errors.UsageError: it is no regular expression.
    """
    try:
        return re.search(pattern, value)
    except re.error as error:
        raise UsageError(
            f"{pattern[:60]!r} is no regular expression: {error}",
            where=f"{document.name}#/flex:discovery",
            cure="correct the pattern",
        ) from error


def _protocols(document: Document) -> set[str]:
    from kg.devices.protocols import protocol_of

    found = {protocol_of(value, document.data) for _, _, value in document.affordances()}
    return found - {""}


def next_step(name: str, models: Mapping[str, Document], record: Mapping[str, Any]) -> str:
    """Write the command that makes a mapping of the device from a Thing Model, as far as the record tells.

    >>> next_step("sunspec-meter", shipped(), {"models": [1, 203]}).partition(" --set")[0]
    "flexkg devices instantiate sunspec-meter --id IRI --models '1 203'"
    """
    document = models[name]
    said = record.get("models")
    chain = " ".join(map(str, said)) if isinstance(said, list) else ""
    parts = [f"flexkg devices instantiate {name} --id IRI"]
    if chain and "flex:sunspecBlock" in document.data:
        parts.append(f"--models '{chain}'")
    return " ".join([*parts, *(f"--set {one}=..." for one in placeholders(document))])
