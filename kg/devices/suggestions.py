"""Automatic configuration: which mapping fits what a discovery saw, and why. No device is asked."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kg.devices.documents import Document
from kg.devices.models import shipped
from kg.devices.terms import text
from kg.errors import UsageError

#: Fields of a discovery record that are known, and what each is worth where a pattern of a mapping meets it.
WEIGHTS: Final = {
    "models": 6,  # numbers of SunSpec models
    "obis": 5,
    "nodeClasses": 5,
    "controlTypes": 4,
    "manufacturer": 4,
    "model": 4,
    "protocol": 3,
    "kind": 3,
    "version": 1,
}
#: Below this a mapping is no candidate: a protocol or a kind alone is a guess.
LEAST: Final = 5
_PROTOCOLS: Final = {
    "modbus": re.compile(r"modbus|sunspec|\brtu\b", re.IGNORECASE),
    "bacnet": re.compile(r"bacnet", re.IGNORECASE),
    "iec61850": re.compile(r"61850|mms", re.IGNORECASE),
    "iec60870-5-104": re.compile(r"60870|iec *10[14]", re.IGNORECASE),
    "ocpp": re.compile(r"ocpp", re.IGNORECASE),
    "dlms-cosem": re.compile(r"dlms|cosem", re.IGNORECASE),
    "s2": re.compile(r"\bs2\b|50491-12-2", re.IGNORECASE),
    "eebus": re.compile(r"eebus|spine|ship", re.IGNORECASE),
    "cloud": re.compile(r"https?|cloud|rest", re.IGNORECASE),
}


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


def suggest(record: Mapping[str, Any], models: Mapping[str, Document] | None = None) -> list[Suggestion]:
    """Rank the mappings for a device.

    Args:
        record: what a discovery saw: ``protocol``, ``manufacturer``, ``model``, ``kind``, ``version``,
            ``models`` (numbers of SunSpec models), ``obis``, ``nodeClasses``, ``controlTypes``; texts,
            numbers or lists of them, all optional.
        models: Thing Models by name; the shipped ones where it is left out.

    Returns:
        Candidates, the best first; empty where nothing fits well enough to be more than a guess.

    Raises:
        kg.errors.UsageError: a field is not known or of the wrong kind.

    >>> [one.model for one in suggest({"protocol": "modbus", "models": [1, 203]})]
    ['sunspec-meter']
    >>> suggest({"protocol": "modbus", "manufacturer": "Nobody"})
    []
    """
    seen = _texts(record)
    found = []
    for name, document in (shipped() if models is None else models).items():
        candidate = _judge(name, document, seen)
        if candidate is not None:
            found.append(candidate)
    found.sort(key=lambda one: (-one.score, one.model))
    return [one for one in found if one.score * 2 > found[0].score]


def _texts(record: Mapping[str, Any]) -> dict[str, str]:
    """Write each field as one text, entries of lists between spaces."""
    unknown = sorted(set(record) - set(WEIGHTS) - {"address", "endpoint", "serialNumber"})
    if unknown:
        known = ", ".join(WEIGHTS)
        raise UsageError(
            f"{unknown[0]!r} is no field of a discovery record", where=f"/{unknown[0]}", cure=f"use {known}"
        )
    made = {}
    for name, value in record.items():
        entries = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in entries):
            raise UsageError(
                f"{name} is neither text nor number", where=f"/{name}", cure="write a text or a list"
            )
        made[name] = " ".join(str(one)[:200] for one in entries[:500])
    return made


def _judge(name: str, document: Document, seen: Mapping[str, str]) -> Suggestion | None:
    """Weigh one mapping; None where something speaks against it or too little for it."""
    protocols = _protocols(document)
    said = [protocol for protocol, sign in _PROTOCOLS.items() if sign.search(seen.get("protocol", ""))]
    if said and protocols and not protocols & set(said):
        return None
    patterns = document.data.get("flex:discovery")
    patterns = patterns if isinstance(patterns, dict) else {}
    score, reasons = 0, []
    if said and protocols & set(said) and "protocol" not in patterns:
        score += 2
        reasons.append(f"the protocol is {', '.join(sorted(protocols & set(said)))}")
    for field, weight in WEIGHTS.items():
        pattern, value = text(patterns.get(field)), seen.get(field, "")
        if not value:
            continue
        if pattern:
            hit = _search(pattern, value, document)
            if hit:
                score += weight
                reasons.append(f"{field} {hit[0]!r} fits {pattern!r}")
            elif field in ("models", "nodeClasses", "protocol"):
                return None
        own = text(document.data.get(f"flex:{field}"))
        if field in ("manufacturer", "model") and own and own != "Generic" and own.lower() in value.lower():
            score += weight
            reasons.append(f"{field} is {own!r}")
    return Suggestion(name, document.title, score, tuple(reasons)) if score >= LEAST else None


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


def records(value: Any) -> Iterable[Mapping[str, Any]]:
    """Read discovery records: one object, or a list of them.

    Raises:
        kg.errors.UsageError: it is neither.
    """
    entries = value if isinstance(value, list) else [value]
    if not entries or not all(isinstance(one, dict) for one in entries):
        raise UsageError("a discovery record is a JSON object", cure="write one, or a list of them")
    return entries
