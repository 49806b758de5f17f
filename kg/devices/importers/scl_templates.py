"""The data type templates of an SCL file: which attributes a data object of a logical node has."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from kg.devices.meanings import table

SCL: Final = "{http://www.iec.ch/61850/2003/SCL}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A data attribute that a table of common data classes gives a meaning.

    Attributes:
        path: data object and attribute, for example ``"PhV.phsA.cVal.mag.f"``.
        cdc: common data class of the data object that holds it.
        constraint: functional constraint.
        json_type: type of its value in JSON Schema.
        control: whether it is written to command or to set.
    """

    path: str
    cdc: str
    constraint: str
    json_type: str
    control: bool


@dataclass(slots=True)
class Templates:
    """Looks up types by their ids.

    Args:
        root: the ``SCL`` element.
    """

    root: Any
    _types: dict[tuple[str, str], Any] = field(init=False)

    def __post_init__(self) -> None:
        self._types = {}
        for section in self.root.iter(f"{SCL}DataTypeTemplates"):
            for one in section.iterchildren(f"{SCL}LNodeType", f"{SCL}DOType", f"{SCL}DAType"):
                self._types.setdefault((one.tag, one.get("id", "")), one)

    def data_objects(self, node_type: str) -> list[tuple[str, str]] | None:
        """List the data objects of a type of logical node, name and type; None where it is unknown."""
        found = self._types.get((f"{SCL}LNodeType", node_type))
        if found is None:
            return None
        return [(one.get("name", ""), one.get("type", "")) for one in found.iterchildren(f"{SCL}DO")]

    def class_of(self, type_: str) -> str:
        """Give the common data class of a type of data object, empty where there is no such type."""
        found = self._types.get((f"{SCL}DOType", type_))
        return "" if found is None else str(found.get("cdc", ""))

    def attributes(self, name: str, type_: str, within: tuple[str, ...] = ()) -> Iterator[Attribute]:
        """Give the attributes of a data object that the table of common data classes names.

        Args:
            name: path of the data object.
            type_: id of its type.
            within: ids of the types that it lies in; a type within itself is passed over.
        """
        found = self._types.get((f"{SCL}DOType", type_))
        if found is None or type_ in within:
            return
        cdc = found.get("cdc", "")
        for row in table("common-data-classes"):
            if row["cdc"] == cdc and self._has(
                found, row["attribute"].split("."), row["functional_constraint"]
            ):
                path, control = f"{name}.{row['attribute']}", row["control"] == "yes"
                yield Attribute(path, cdc, row["functional_constraint"], row["json_type"], control)
        for inner in found.iterchildren(f"{SCL}SDO"):
            yield from self.attributes(
                f"{name}.{inner.get('name', '')}", inner.get("type", ""), (*within, type_)
            )

    def _has(self, owner: Any, steps: list[str], constraint: str) -> bool:
        """Tell whether a type has an attribute under a functional constraint."""
        first = next(
            (
                one
                for one in owner.iterchildren(f"{SCL}DA")
                if one.get("name") == steps[0] and one.get("fc") == constraint
            ),
            None,
        )
        for step in steps[1:]:
            if first is None or first.get("bType") != "Struct":
                return False
            inner = self._types.get((f"{SCL}DAType", first.get("type", "")))
            first = (
                None
                if inner is None
                else next((one for one in inner.iterchildren(f"{SCL}BDA") if one.get("name") == step), None)
            )
        return first is not None
