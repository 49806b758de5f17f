"""Where SunSpec models lie in a device: a mapping is moved to the places of the device's own chain."""

import re
from collections.abc import Iterable
from typing import Any, Final

from kg.devices.importers.skeleton import objects
from kg.devices.terms import text
from kg.devices.thing_facts import length_fits
from kg.devices.thing_facts import models as known_models
from kg.errors import UsageError

#: Models that have the same points at the same places.
_ALIKE: Final = (frozenset((101, 102, 103)), frozenset((201, 202, 203, 204)), frozenset((111, 112, 113)))
_ENTRY: Final = re.compile(r"(\d{1,5})(?::(\d{1,5}))?")
_HREF: Final = re.compile(r"(.*/)(\d+)(\?.*)?")


def chain_of(text: str, start: int = 40000) -> dict[int, tuple[int, int]]:
    """Work out where each model of a device lies.

    Args:
        text: numbers of the models in the order in which they lie in the device, ``"1 103 160:128 123"``; the
            length behind a colon is needed where a model has groups that the device counts.
        start: address of the marker ``SunS``.

    Returns:
        Number -> first register (of its id) and length; the first of two models of one number counts.

    Raises:
        kg.errors.UsageError: a number is none or not known, or a length is missing or cannot be.

    Source:
        SunSpec Device Information Model Specification, device information model (chain of models).

    >>> chain_of("1 103 123")
    {1: (40002, 66), 103: (40070, 50), 123: (40122, 24)}
    """
    found: dict[int, tuple[int, int]] = {}
    at = start + 2
    for entry in filter(None, re.split(r"[\s,]+", text)):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise UsageError(f"{entry!r} is no model", where="--models", cure="write numbers: 1 103 160:128")
        number, said = int(match[1]), int(match[2]) if match[2] else None
        if number not in known_models() and said is None:
            raise UsageError(
                f"the length of model {number} is not known", where="--models", cure=f"write {number}:LENGTH"
            )
        if said is None:
            said, repeats = known_models()[number]
            if repeats:
                cure = f"write {number}:LENGTH, as the device reports it"
                raise UsageError(f"model {number} has groups that repeat", where="--models", cure=cure)
        elif number in known_models() and not length_fits(number, said):
            raise UsageError(
                f"model {number} cannot have the length {said}", where="--models", cure="correct the length"
            )
        found.setdefault(number, (at, said))
        at += said + 2
    if not found:
        raise UsageError("there is no model", where="--models", cure="write numbers: 1 103 123")
    return found


def placed(data: dict[str, Any], chain: dict[int, tuple[int, int]]) -> tuple[dict[str, Any], list[str]]:
    """Move a mapping of SunSpec models to where the models lie in a device.

    Args:
        data: the mapping, with ``flex:sunspecBlock``.
        chain: what `chain_of` gives.

    Returns:
        The mapping with the addresses of the device, and the names of the points that it has not, which are
        left out; a model of the same layout (101 for 103) counts.

    Raises:
        kg.errors.UsageError: the mapping has no SunSpec models, or says not whole where one is, or the device
            has none of them.
    """
    blocks = data.get("flex:sunspecBlock")
    if not isinstance(blocks, list) or not blocks:
        raise UsageError("the mapping has no SunSpec models", where="--models", cure="leave --models out")
    for place, block in enumerate(blocks):
        said = block if isinstance(block, dict) else {}
        if not all(isinstance(said.get(name), int) for name in ("flex:modelID", "flex:modelStart")):
            raise UsageError(
                "the block does not say which model is where",
                where=f"/flex:sunspecBlock/{place}",
                cure="state flex:modelID and flex:modelStart",
            )
    moved: dict[int, tuple[int, int]] = {}
    kept = []
    for block in blocks:
        number, old = block["flex:modelID"], block["flex:modelStart"]
        there = next((one for one in _alike(number) if one in chain), None)
        if there is None:
            continue
        start, length = chain[there]
        moved[number] = (there, start - old)
        kept.append({"flex:modelID": there, "flex:modelStart": start, "flex:modelLength": length})
    if set(moved) <= {1}:
        wanted = ", ".join(str(block["flex:modelID"]) for block in blocks)
        raise UsageError(
            "the device has none of the mapping's models", where="--models", cure=f"it is for {wanted}"
        )
    points, left = {}, []
    properties = data.get("properties")
    for name, value in properties.items() if isinstance(properties, dict) else ():
        number = value.get("flex:modelID") if isinstance(value, dict) else None
        if number is not None and number not in moved:
            left.append(name)
        else:
            points[name] = value if number is None else _at(value, *moved[number])
    return {**data, "flex:sunspecBlock": kept, "properties": points}, left


def _alike(number: int) -> Iterable[int]:
    return (number, *sorted(next((one for one in _ALIKE if number in one), frozenset()) - {number}))


def _at(point: dict[str, Any], number: int, shift: int) -> dict[str, Any]:
    forms = []
    for form in objects(point.get("forms")):
        match = _HREF.fullmatch(text(form.get("href")))
        there = {"href": f"{match[1]}{int(match[2]) + shift}{match[3] or ''}"} if match else {}
        forms.append({**form, **there})
    return {**point, "flex:modelID": number, "forms": forms}
