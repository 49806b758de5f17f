"""Damage to what the values of a signal mean: name, type, unit and range."""

from typing import Any

from tests.mutation.damage import Damage, Kind, drop, found, made, put

_VALUE = "strm:intervals/ei:interval/ei:signalPayload/ei:payloadFloat/ei:value"
_RANGE = "value|level|range|0, 1, 2|number|between"
_FIT = "type|fit|unit|item|signalName|go with"
_UNIT = "unit|item|currency|price"


def _item(name: str, unit: str, description: str = "", attributes: str = "", scale: str = "none") -> str:
    prefix = "power" if name.startswith(("power", "energy", "voltage")) else "oadr"
    return (
        f"<{prefix}:{name}><{prefix}:itemDescription>{description or name}</{prefix}:itemDescription>"
        f"<{prefix}:itemUnits>{unit}</{prefix}:itemUnits><scale:siScaleCode>{scale}</scale:siScaleCode>"
        f"{attributes}</{prefix}:{name}>"
    )


_MAINS = (
    "<power:powerAttributes><power:hertz>50</power:hertz><power:voltage>230</power:voltage>"
    "<power:ac>true</power:ac></power:powerAttributes>"
)
POWER = _item("powerReal", "W", "RealPower", _MAINS, "k")
ENERGY = _item("energyReal", "Wh", "RealEnergy", scale="k")
VOLTAGE = _item("voltage", "V", "Voltage")
PRICE = _item("currencyPerKWh", "EUR")
RENT = _item("currencyPerKW", "EUR")
CUSTOM = (
    "<oadr:customUnit><oadr:itemDescription>{}</oadr:itemDescription><oadr:itemUnits>{}</oadr:itemUnits>"
    "<scale:siScaleCode>none</scale:siScaleCode></oadr:customUnit>"
)
_ITEM = "*[scale:siScaleCode or self::oadr:pulseCount or self::oadr:oadrGBDataDescription]"


def signal(name: str, kind: str, item: str = "", value: str = "1", wrong: str = "ei:signalType") -> Damage:
    """Make a signal another one, sound in its intervals; what is at ``wrong`` is then wrong."""

    def damage(root: Any, place: int) -> list[Any]:
        signals = found(root, "//ei:eiEventSignal")
        if not signals:
            return []
        one = signals[place]
        found(one, "ei:signalName")[0].text = name
        found(one, "ei:signalType")[0].text = kind
        drop(_ITEM)(one, 0)
        for element in reversed(made(item)) if item else ():
            found(one, "ei:signalID")[0].addnext(element)
        for element in found(one, _VALUE):
            element.text = value
        for element in found(one, "ei:currentValue/ei:payloadFloat/ei:value"):
            element.text = "0"
        return found(one, wrong)

    return damage


def _simple(value: str) -> Damage:
    return put(f"//ei:eiEventSignal[ei:signalName='SIMPLE' or ei:signalName='simple']/{_VALUE}", value)


def _unfit(
    name: str, kind: str, item: str, what: str, clause: str, level: str = "strict", value: str = "1"
) -> Kind:
    return Kind(
        f"{name} {kind} {what}",
        clause,
        signal(name, kind, item, value),
        _FIT + "|currency|price",
        within="eiEventSignal",
        level=level,
    )


_SIMPLE = "a SIMPLE signal is a level: 0 normal, 1 moderate, 2 high, 3 special"
_MONEY = "a price is money for an amount: its item is a currency, or a currency per kWh, kW or therm"
_BARE = "levels and multipliers have no unit"
_LOAD = "load is dispatched in units of power: W, VA or VAR"
_NUMBER = "the value of a signal is a number: neither NaN nor infinite"
_CONTROL = "LOAD_CONTROL has a type of its own for each of its four kinds, and only there do they stand"

KINDS = [
    *(
        Kind(f"SIMPLE with {value}", _SIMPLE, _simple(value), _RANGE, within="interval")
        for value in ("4", "-1", "1.5", "99999", "1e300")
    ),
    *(
        Kind(
            f"signal with {value}",
            _NUMBER,
            put(f"//ei:eiEventSignal/{_VALUE}", value),
            "number|NaN|finite|value",
            within="interval",
        )
        for value in ("NaN", "INF", "-INF")
    ),
    Kind(
        "currentValue that is no number",
        "currentValue is the value of the running interval, a number",
        put("//ei:eiEventSignal/ei:currentValue/ei:payloadFloat/ei:value", "NaN"),
        "number|NaN|current",
        within="eiEventSignal",
    ),
    *(
        Kind(
            f"currentValue of {what} before the event has begun",
            "currentValue is 0 as long as no interval runs",
            put(
                "//ei:eiEvent[ei:eventDescriptor[ei:eventStatus='far' or ei:eventStatus='near']]"
                f"//ei:eiEventSignal[{which}]/ei:currentValue/ei:payloadFloat/ei:value",
                "2",
            ),
            "current",
            within="oadrEvent",
            level=level,
            gap=gap,
        )
        for what, which, level, gap in (
            ("a SIMPLE signal", "ei:signalName='SIMPLE'", "core", ""),
            (
                "another signal",
                "not(ei:signalName='SIMPLE')",
                "told",
                "only of levels is it clear that 0 is normal; a price, say, is seldom 0 between events",
            ),
        )
    ),
    Kind(
        "currentValue that no interval has",
        "currentValue of an active event is the value of one of its intervals",
        put(
            "//ei:eiEvent[ei:eventDescriptor/ei:eventStatus='active']//ei:currentValue/ei:payloadFloat/ei:value",
            "12345",
        ),
        "current",
        within="oadrEvent",
        level="strict",
    ),
    _unfit("SIMPLE", "price", "", "", _SIMPLE, "core"),
    _unfit("SIMPLE", "setpoint", "", "", _SIMPLE, "core"),
    _unfit("SIMPLE", "x-loadControlCapacity", "", "", _SIMPLE, "core"),
    _unfit("SIMPLE", "level", POWER, "with a unit of power", _BARE),
    _unfit("SIMPLE", "level", PRICE, "with a currency", _BARE),
    _unfit(
        "ELECTRICITY_PRICE",
        "level",
        PRICE,
        "",
        "a price has type price, priceRelative or priceMultiplier",
        "core",
    ),
    _unfit(
        "ELECTRICITY_PRICE",
        "setpoint",
        PRICE,
        "",
        "a price has type price, priceRelative or priceMultiplier",
        "core",
    ),
    _unfit(
        "ENERGY_PRICE", "delta", PRICE, "", "a price has type price, priceRelative or priceMultiplier", "core"
    ),
    _unfit(
        "DEMAND_CHARGE",
        "multiplier",
        RENT,
        "",
        "a price has type price, priceRelative or priceMultiplier",
        "core",
    ),
    _unfit("BID_PRICE", "setpoint", PRICE, "", "a bid's price has type price"),
    _unfit("ELECTRICITY_PRICE", "price", "", "without a currency", _MONEY),
    _unfit("ENERGY_PRICE", "price", "", "without a currency", _MONEY),
    _unfit("ELECTRICITY_PRICE", "priceRelative", "", "without a currency", _MONEY),
    _unfit("BID_PRICE", "price", "", "without a currency", _MONEY),
    _unfit("DEMAND_CHARGE", "price", "", "without a currency", _MONEY),
    _unfit("ELECTRICITY_PRICE", "price", POWER, "in power", _MONEY),
    _unfit("ENERGY_PRICE", "price", ENERGY, "in energy", _MONEY),
    _unfit("BID_PRICE", "price", VOLTAGE, "in volts", _MONEY),
    _unfit(
        "DEMAND_CHARGE", "price", PRICE, "for energy", "a demand charge is money for power: currency per kW"
    ),
    _unfit("ELECTRICITY_PRICE", "priceMultiplier", PRICE, "with a unit", _BARE),
    _unfit(
        "LOAD_DISPATCH",
        "price",
        POWER,
        "",
        "load is dispatched by setpoint, delta, multiplier or level",
        "core",
    ),
    _unfit("LOAD_DISPATCH", "setpoint", PRICE, "in money", _LOAD),
    _unfit("LOAD_DISPATCH", "setpoint", ENERGY, "in energy", _LOAD),
    _unfit("LOAD_DISPATCH", "delta", VOLTAGE, "in volts", _LOAD),
    _unfit("LOAD_DISPATCH", "setpoint", "", "without a unit", _LOAD),
    _unfit("LOAD_DISPATCH", "delta", "", "without a unit", _LOAD),
    _unfit("LOAD_DISPATCH", "level", POWER, "with a unit", _BARE),
    _unfit("LOAD_DISPATCH", "multiplier", POWER, "with a unit", _BARE),
    _unfit("CHARGE_STATE", "setpoint", POWER, "in power", "the state of a storage is energy"),
    _unfit("CHARGE_STATE", "setpoint", "", "without a unit", "the state of a storage is energy"),
    _unfit(
        "CHARGE_STATE", "price", ENERGY, "", "the state of a storage is set, changed or multiplied", "core"
    ),
    _unfit("BID_LOAD", "setpoint", PRICE, "in money", "a bid's load is power"),
    _unfit("BID_LOAD", "price", POWER, "", "a bid's load is a setpoint", "core"),
    _unfit("BID_ENERGY", "setpoint", POWER, "in power", "a bid's energy is energy"),
    _unfit("BID_ENERGY", "setpoint", "", "without a unit", "a bid's energy is energy"),
    _unfit("LOAD_CONTROL", "setpoint", "", "", _CONTROL, "core"),
    _unfit("LOAD_CONTROL", "level", "", "", _CONTROL, "core"),
    _unfit("LOAD_CONTROL", "price", PRICE, "", _CONTROL, "core"),
    _unfit("LOAD_DISPATCH", "x-loadControlCapacity", "", "", _CONTROL, "core", value="0.5"),
    _unfit("ELECTRICITY_PRICE", "x-loadControlSetpoint", PRICE, "", _CONTROL, "core"),
    *(
        Kind(
            f"LOAD_CONTROL {kind} with {value}",
            clause,
            signal("LOAD_CONTROL", kind, "", value, f"({_VALUE})[1]"),
            "capacity|between|range|integer|whole|percent|0 and 1|value",
            within="interval",
            level=level,
        )
        for kind, value, clause, level in (
            ("x-loadControlCapacity", "1.5", "a capacity is a part of the whole: 1.0 is all of it", "core"),
            ("x-loadControlCapacity", "-0.1", "a capacity is a part of the whole: 0 is off", "core"),
            ("x-loadControlLevelOffset", "0.5", "a level offset is a whole number of levels", "core"),
        )
    ),
    Kind(
        "signal name of one's own",
        "an x- token means something only to those who have declared it",
        put("//ei:eiEventSignal/ei:signalName", "x-comfort"),
        "x-|extension|declared|known|name",
        within="eiEventSignal",
        level="strict",
    ),
    Kind(
        "currency per kW called a currency per kWh",
        "itemDescription says the same as the item that it describes",
        put("//oadr:currencyPerKWh/oadr:itemDescription", "currencyPerKW"),
        "description|item",
        within="currencyPerKWh",
        level="strict",
    ),
    Kind(
        "unit of one's own without a name",
        "customUnit names its unit",
        signal("LOAD_DISPATCH", "setpoint", CUSTOM.format("Comfort", ""), "1", "oadr:customUnit"),
        "unit|item|blank",
        within="eiEventSignal",
    ),
    Kind(
        "unit of one's own without a description",
        "customUnit says what it measures",
        signal("LOAD_DISPATCH", "setpoint", CUSTOM.format(" ", "met"), "1", "oadr:customUnit"),
        "unit|item|blank|descri",
        within="eiEventSignal",
    ),
    Kind(
        "mains of negative frequency",
        "hertz is the frequency of the mains",
        put("//power:powerAttributes/power:hertz", "-50"),
        "hertz|frequency|negative",
        within="powerReal",
        level="told",
    ),
    Kind(
        "mains of negative voltage",
        "voltage is that of the mains",
        put("//power:powerAttributes/power:voltage", "-230"),
        "volt|negative",
        within="powerReal",
        level="told",
    ),
]
