"""What a gateway is told: a TOML file beside its site's mappings."""

import re
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from math import isfinite
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from kg.errors import UsageError
from kg.gateway.sides import BacnetSide, CentralSystem, EnergyManager
from kg.openadr.splitting import Rule
from kg.times import seconds

#: Name of the file in the folder of a site.
FILE: Final = "gateway.toml"


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS towards the VTN: authority of the other side, own certificate with its key; whether to sign."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    signs: bool = False


@dataclass(frozen=True, slots=True)
class PlantTls:
    """TLS towards plant and control centre, by IEC 62351-3; ``name`` is that in the plant's certificate."""

    ca: Path
    certificate: Path
    key: Path
    name: str = ""


@dataclass(frozen=True, slots=True)
class StationSettings:
    """The station towards a control centre.

    Attributes:
        site: folder or file of its own points, a site by itself.
        resource: the resource of that site whose points the control centre writes and is told.
        table: CSV file of what its points become.
        protocol: how the control centre calls.
        listen: address and port to listen on.
        scl: SCL file of the gateway's own IED, for IEC 61850.
        party: who calls: in whose name an emergency or a limit is recorded.
        tells: point of the station -> point of the plant whose value it is told; ``available`` alone is
            whether the plant takes commands.
    """

    site: Path
    resource: str
    table: Path
    protocol: str = "iec60870-5-104"
    listen: str = "127.0.0.1:2404"
    scl: Path | None = None
    party: str = ""
    tells: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """One resource that a gateway acts for.

    Attributes:
        name: its name in the site file.
        ready: point that says whether the plant takes commands; empty: it always does.
        ready_values: values of it that mean yes; any but 0 without them.
        meter: point whose power is reported; empty: nothing is.
        meter_watts: watts of what is drawn for one unit of it; by its unit and direction without it.
        limit_w: the most that it takes of a power that is split, in watts; its rated power without it.
        priority: by the rule ``priority``, those with a lower number are asked first.
    """

    name: str
    ready: str = ""
    ready_values: list[float] = field(default_factory=list)
    meter: str = ""
    meter_watts: float | None = None
    limit_w: float | None = None
    priority: float = 0


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a gateway is told.

    Attributes:
        vtn: address of the VTN's service, or of its OpenADR endpoint.
        ven: venName, and venID to ask for.
        resource: the resource of the site that it acts for; or ``resources``, where there are several.
        resources: what it acts for, each by itself.
        split: how a power is split over several resources: proportional, priority or equal.
        site: mappings and site files; the folder of the file without it.
        store: directory of the gateway's own store.
        on_behalf_of: party in whose name it acts.
        registry: address of the service that keeps the registry of activations; ``vtn`` without it, ``""``
            for none but the gateway's own store.
        ready: point that says whether the plant takes commands; empty: it always does.
        ready_values: values of it that mean yes; any but 0 without them.
        meter: point whose power is reported; empty: nothing is.
        meter_watts: watts of what is drawn for one unit of it; by its unit and direction without it.
        poll: seconds between polls.
        pace: seconds between looks at what is due, and between samples.
        report: seconds between reports.
        shortest: shortest interval of the report that it offers, an OpenADR duration.
        tls: towards the VTN.
        plant_tls: towards plant and control centre, over IEC 60870-5-104 and IEC 61850; None: without.
        station: the station towards a control centre; None for none.
        ocpp: where charging stations call.
        bacnet: this side of BACnet/IP.
        s2: where resource managers call.
    """

    vtn: str
    ven: str
    resource: str = ""
    resources: list[ResourceSettings] = field(default_factory=list)
    split: str = "proportional"
    site: Path = Path()
    store: Path = Path("store")
    on_behalf_of: str = ""
    registry: str | None = None
    ready: str = ""
    ready_values: list[float] = field(default_factory=list)
    meter: str = ""
    meter_watts: float | None = None
    poll: float = 10.0
    pace: float = 1.0
    report: float = 60.0
    shortest: str = "PT1M"
    tls: Tls = field(default_factory=Tls)
    plant_tls: PlantTls | None = None
    station: StationSettings | None = None
    ocpp: CentralSystem = field(default_factory=CentralSystem)
    bacnet: BacnetSide = field(default_factory=BacnetSide)
    s2: EnergyManager = field(default_factory=EnergyManager)

    @property
    def every(self) -> list[ResourceSettings]:
        """What it acts for: what ``resources`` lists, else the one that is named beside it."""
        if self.resources:
            return self.resources
        return [ResourceSettings(self.resource, self.ready, self.ready_values, self.meter, self.meter_watts)]

    @property
    def service(self) -> str:
        """Address of the VTN's service."""
        return self.vtn.rstrip("/").removesuffix("/OpenADR2/Simple/2.0b")


_TABLES: Final = {
    "tls": Tls,
    "plant_tls": PlantTls,
    "station": StationSettings,
    "ocpp": CentralSystem,
    "bacnet": BacnetSide,
    "s2": EnergyManager,
}
_DAY: Final = 86_400
_OF_ONE: Final = ("resource", "ready", "ready_values", "meter", "meter_watts")


def read_configuration(path: Path) -> Configuration:
    """Read a gateway's file; paths in it are taken from its folder.

    Args:
        path: the file, or the folder in which it is called ``gateway.toml``.

    Raises:
        UsageError: it is missing, no TOML, a name is not known or missing, or a value is of the wrong kind.
    """
    file = path / FILE if path.is_dir() else path
    try:
        text = file.read_text("utf-8")
        if left := re.search(r"\{([a-z]\w*)\}", text):
            raise UsageError(
                f"the file is a template: {left[0]} is not filled in",
                where=str(file),
                cure="write what it stands for; of an example, run the story, which does that",
            )
        said = tomllib.loads(text)
    except OSError as error:
        raise UsageError(
            f"the gateway's file cannot be read: {error.strerror}", where=str(file), cure=f"write a {FILE}"
        ) from error
    except ValueError as error:  # of the syntax, of UTF-8, of an integer of thousands of digits
        raise UsageError(f"the file is no TOML: {error}", where=str(file), cure="mend it") from error
    for name, kind in _TABLES.items():
        if name in said:
            if not isinstance(said[name], dict):
                raise UsageError(f"{name} is no table", where=str(file), cure=f"write [{name}]")
            said[name] = _made(kind, said[name], file, f"{name}.")
    listed = said.get("resources", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise UsageError("resources is no list of tables", where=str(file), cure="write [[resources]]")
    if "resources" in said:
        said["resources"] = [_made(ResourceSettings, one, file, "resources.") for one in listed]
        both = [name for name in _OF_ONE if name in said]
        if both:
            raise UsageError(
                f"{both[0]} stands beside [[resources]]",
                where=str(file),
                cure="write it in the table of its resource",
            )
    made: Configuration = _made(Configuration, said, file, "")
    names = [one.name for one in made.every]
    if not all(names):
        raise UsageError("resource is missing", where=str(file), cure="add it, or [[resources]]")
    if len(set(names)) < len(names):
        raise UsageError("a resource is there twice", where=str(file), cure="list each once")
    if made.split not in get_args(Rule):
        raise UsageError(
            f"split is {made.split!r}", where=str(file), cure=f"use one of {', '.join(get_args(Rule))}"
        )
    for name in ("poll", "pace", "report"):
        if not 0 < getattr(made, name) <= _DAY:
            raise UsageError(
                f"{name} is not above 0, or more than a day", where=str(file), cure="write seconds"
            )
    if not 0 < (seconds(made.shortest) or 0) <= _DAY:
        raise UsageError(
            f"shortest is {made.shortest!r}",
            where=str(file),
            cure="write a duration up to a day, such as PT1M",
        )
    return made


def _made(kind: Any, said: dict[str, Any], file: Path, prefix: str) -> Any:
    hints = get_type_hints(kind)
    unknown = said.keys() - hints.keys()
    if unknown:
        raise UsageError(
            f"{prefix}{min(unknown)} is not known", where=str(file), cure=f"use {', '.join(hints)}"
        )
    for one in fields(kind):
        if one.default is MISSING and one.default_factory is MISSING and one.name not in said:
            raise UsageError(f"{prefix}{one.name} is missing", where=str(file), cure="add it")
    values = {name: _value(hints[name], value, file, prefix + name) for name, value in said.items()}
    if kind is Configuration:
        values = {"site": file.parent, "store": file.parent / "store"} | values
    return kind(**values)


def _is_number(value: object) -> bool:
    """Tell whether a float can hold it; TOML has ``inf`` and ``nan``, and integers of any length."""
    try:
        return type(value) in (int, float) and isfinite(value)  # type: ignore[arg-type]
    except OverflowError:
        return False


def _value(hint: Any, value: Any, file: Path, name: str) -> Any:
    kinds = set(get_args(hint)) or {hint}
    if isinstance(value, tuple(one for one in _TABLES.values() if one in kinds)):
        return value
    if hint == list[ResourceSettings] and isinstance(value, list):
        return value
    if Path in kinds and isinstance(value, str):
        return file.parent / value
    if str in kinds and isinstance(value, str):
        return value
    if bool in kinds and isinstance(value, bool):
        return value
    if float in kinds and _is_number(value):
        return float(value)
    if hint == list[float] and isinstance(value, list) and all(_is_number(one) for one in value):
        return [float(one) for one in value]
    if hint == dict[str, str] and isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
        return value
    raise UsageError(
        f"{name} is of the wrong kind: {value!r}", where=str(file), cure="see the guide for gateways"
    )
