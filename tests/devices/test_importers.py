"""Importers: what comes out conforms, and what does not come out is told."""

import json
import re

import pytest

from kg.devices.importers import KINDS, bacnet, dlms, import_bytes, import_files, registers
from kg.devices.importers.sunspec import models_folder
from kg.devices.meanings import table
from kg.errors import UnreadablePayload, UsageError
from tests.paths import DATA, ROOT, needs_data

GUIDE = (ROOT / "docs" / "device-imports.md").read_text("utf-8")
DER = [str(n) for n in range(701, 715)]


def test_every_sunspec_model_is_imported(tmp_path):
    """All models of pysunspec2 become mappings that conform; the table of models is that of the package."""
    numbers = [row["model"] for row in table("sunspec-models")]
    assert len(numbers) == len(list(models_folder().glob("model_*.json"))) == 112
    for result in import_files("sunspec", numbers, {}, tmp_path):
        assert result.conforms, result.summary()
        assert {left.why.partition(" ")[0] for left in result.imported.left} <= {"padding", "150"}


@pytest.mark.parametrize("kind", KINDS)
def test_guide_lists_every_setting(kind):
    """Each setting of a kind is in the guide: in the row of the kind, or among those that most know."""
    with pytest.raises(UsageError) as caught:
        import_bytes(kind, b"x", "x", {"NONE-SUCH": ""})
    settings = set(re.findall(r"[A-Z]+", caught.value.cure))
    row = next(line for line in GUIDE.partition("## Settings")[2].splitlines() if f"| `{kind}` |" in line)
    assert settings - {"TITLE", "KIND", "SOURCE"} == set(re.findall(r"`([A-Z]+)`", row)) - {"TITLE", "KIND"}


@pytest.mark.parametrize(("kind", "module"), [("csv", registers), ("dlms", dlms), ("bacnet", bacnet)])
def test_guide_lists_every_column(kind, module):
    """Each column of a table, with all that it may be called, is a row of the guide."""
    for column, names in module.COLUMNS.items():
        called = ", ".join(f"`{name}`" for name in names)
        assert re.search(rf"(?m)^\| `{kind}` \| (\*\*)?{column}(\*\*)? \| {re.escape(called)} \|$", GUIDE)


@pytest.mark.parametrize("number", DER)
def test_der_model_is_complete(number, tmp_path):
    """Models 701 to 714 come with each scale factor, each unit of the table and each enumeration."""
    (result,) = import_files("sunspec", [number], {}, tmp_path)
    (thing,) = result.imported.things.values()
    model = json.loads((models_folder() / f"model_{number}.json").read_text())
    points = []
    open_ = [model["group"]]
    while open_:
        group = open_.pop()
        points += group.get("points", [])
        open_ += group.get("groups", [])
    found = list(thing["properties"].values())
    for point in points:
        mapped = [p for p in found if p.get("flex:sunspecPoint") == point["name"]]
        assert mapped or point["type"] == "pad"
        for one in mapped:
            factor = one.get("flex:scaleFactorPoint")
            assert (factor is None) == (not isinstance(point.get("sf"), str))
            assert factor is None or thing["properties"][factor]["flex:sunspecType"] == "sunssf"
            if point["type"].startswith("enum"):
                assert [s["value"] for s in point.get("symbols", [])] == [
                    o["const"] for o in one.get("oneOf", [])
                ]


def test_limits_make_points_writable(tmp_path):
    """A file of limits opens points for writing that are read-only without."""
    (tmp_path / "limits.csv").write_text("point,minimum,maximum,step,safe\nWMaxLimPct,0,100,0.1,100\n")
    settings = {"LIMITS": str(tmp_path / "limits.csv"), "START": "40200"}
    (result,) = import_files("sunspec", ["704"], settings, tmp_path)
    thing = json.loads((tmp_path / "sunspec-704.tm.jsonld").read_text())
    point = thing["properties"]["WMaxLimPct"]
    assert (point["flex:allowedMaximum"], point.get("readOnly")) == (100, None)
    assert thing["properties"]["WSet"]["readOnly"] is True
    assert result.conforms


def test_register_table_is_imported():
    """A table in CSV becomes a mapping; what cannot be used is left with its reason."""
    table = (
        b"Register Name,Address,Type,Units,Writable,Transform,Minimum,Maximum\n"
        b"power,10,int32,kW,false,scale(0.1),,\n"
        b"limit,12,uint16,%,true,,0,100\n"
        b"power,14,int16,W,false,,,\n"
        b"odd,15,int24,W,false,,,\n"
        b"far,70000,int16,W,false,,,\n"
        b"free,16,uint16,W,true,,,\n"
    )
    made = import_bytes("csv", table, "meter.csv", {"ORDER": "LITTLE_ENDIAN_BYTE_SWAP"})
    properties = made.things["meter"]["properties"]
    assert list(properties) == ["power", "limit", "free"]
    assert properties["power"]["unit"] == "qudt-unit:KiloW"
    assert properties["power"]["flex:scale"] == 0.1
    assert "LITTLE_ENDIAN_BYTE_SWAP" in properties["power"]["forms"][0]["contentType"]
    assert properties["limit"].get("readOnly") is None
    assert properties["free"]["readOnly"] is True
    assert [left.point for left in made.left] == ["power", "odd", "far"]


@needs_data
def test_register_tables_of_strangers_are_imported(tmp_path):
    """Register tables that we did not write are read and conform."""
    files = [str(path) for path in sorted((DATA / "devices" / "volttron").glob("*_map.csv"))]
    results = list(import_files("csv", files, {}, tmp_path))
    assert len(results) == len(files) > 4
    assert all(result.conforms for result in results)
    assert sum(result.imported.mapped for result in results) > 40


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("sunspec", b"{"),
        ("sunspec", b"[]"),
        ("sunspec", b'{"id": 1, "group": {"points": [{"name": "x", "type": "int16", "size": -1}]}}'),
        ("sunspec", b'{"id": 1, "id": 2}'),
        ("csv", b"a,b\n1,2\n"),
        ("csv", b""),
        ("csv", b"\0\1\2"),
    ],
)
def test_what_is_no_source_is_told(kind, data):
    """Bytes that are no source of their kind are refused with a cure, never with a traceback."""
    with pytest.raises(UnreadablePayload) as caught:
        import_bytes(kind, data, "x", {})
    assert caught.value.cure


def test_wrong_kind_and_setting_are_told():
    """A kind or a setting that is none is told together with those that there are."""
    with pytest.raises(UsageError, match="nothing imports"):
        import_bytes("floppy", b"", "x", {})
    with pytest.raises(UsageError, match="setting"):
        import_bytes("csv", b"", "x", {"COLOUR": "red"})


def test_missing_model_stops_nothing(tmp_path):
    """A source that cannot be read is reported, and the next one is imported."""
    first, second = import_files("sunspec", ["99999", "1"], {}, tmp_path)
    assert "99999" in first.error
    assert second.conforms


def test_point_without_its_scale_factor_is_left(tmp_path):
    """A number that is off by an unknown power of ten is none; the rest of the model is mapped."""
    points = [
        {"name": "ID", "type": "uint16", "size": 1, "value": 64999, "static": "S"},
        {"name": "L", "type": "uint16", "size": 1, "static": "S"},
        {"name": "W", "type": "int16", "size": 1, "units": "W", "sf": "NoSF"},
        {"name": "St", "type": "uint16", "size": 1},
    ]
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"id": 103, "group": {"name": "own", "type": "group", "points": points}}))
    (result,) = import_files("sunspec", [str(path)], {}, tmp_path)
    assert [(left.point, "NoSF" in left.why) for left in result.imported.left] == [("W", True)]
    (thing,) = result.imported.things.values()
    assert "St" in thing["properties"]


def test_largest_table_is_imported_and_one_more_row_is_refused():
    """As many rows as the message allows; lines that only look like ends of lines are none."""
    rows = "".join(f"p,{n},x\n" for n in range(20_000))
    made = import_bytes("csv", f"name,address,type\n{rows}".encode(), "t.csv", {})
    assert (made.mapped, len(made.left)) == (0, 20_000)
    with pytest.raises(UnreadablePayload, match="has 20001 rows"):
        import_bytes("csv", f"name,address,type\n{rows}p,1,x".encode(), "t.csv", {})
    made = import_bytes(
        "csv", b"name,address,type,title\r\nA,1,uint16,caf\xe9 \x85 x\r\nB,2,uint16,\r\n", "t.csv", {}
    )
    assert (made.mapped, made.left) == (2, [])


def test_limits_that_meet_no_point_are_told(tmp_path):
    """A row of a file of limits whose point no source has is told, with the name that is near."""
    path = tmp_path / "limits.csv"
    path.write_text("point,minimum,maximum\nWMaxLimPc,0,100\nW,0,1\nWMaxLimPct,0,100\n")
    settings = {"LIMITS": str(path)}
    *made, told = import_files("sunspec", ["704", "701"], settings, tmp_path)
    assert all(result.conforms for result in made)
    assert [note.point for note in made[1].imported.notes] == ["W"]
    assert "'WMaxLimPc' (perhaps 'WMaxLimPct')" in told.error
    assert not told.conforms


@pytest.mark.parametrize(
    "text",
    [
        "point,minimum\nx,1\n",
        "point,minimum,maximum,colour\nx,1,2,red\n",
        "point,minimum,maximum\nx,1,2,3\n",
        "point,minimum,maximum\nx,low,2\n",
        "point,minimum,maximum\nx,nan,2\n",
        "point,minimum,maximum\nx,5,2\n",
        "point,minimum,maximum\nx,1,2\nx,1,3\n",
        "point,minimum,maximum\n,1,2\n",
        "point,minimum,maximum,values\nx,,,a=b\n",
    ],
)
def test_wrong_limits_are_told(tmp_path, text):
    """A file of limits is believed as a whole or not at all."""
    path = tmp_path / "limits.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        import_bytes("csv", b"name,address,type\nx,1,uint16\n", "x", {"LIMITS": str(path)})
    assert str(path) in caught.value.where
    with pytest.raises(UsageError, match="no such file of limits"):
        import_bytes("csv", b"name,address,type\nx,1,uint16\n", "x", {"LIMITS": str(path) + "x"})


def test_limits_open_points_of_a_register_table(tmp_path):
    """All that limits a point can stand in the file of limits; a table that says no is not overruled."""
    path = tmp_path / "limits.csv"
    path.write_text(
        "point,minimum,maximum,step,safe,rate,interval,writes,per,forbidden,values,command,warranty maximum\n"
        "limit,0,100,1,100,5,60,1000,P1D,7 8,,power,90\n"
        "mode,,,,0,,,,,,0=off; 1=on,switch,\nfixed,0,1,,,,,,,,,,\n"
    )
    table = b"name,address,type,access\nlimit,1,uint16,rw\nmode,2,uint16,rw\nfixed,3,uint16,r\n"
    (tmp_path / "t.csv").write_bytes(table)
    (result,) = import_files("csv", [str(tmp_path / "t.csv")], {"LIMITS": str(path)}, tmp_path)
    points = result.imported.things["t"]["properties"]
    assert result.conforms
    assert points["limit"]["flex:forbiddenValue"] == [7, 8]
    assert (points["limit"]["flex:maximumWrites"], points["limit"]["flex:writesPer"]) == (1000, "P1D")
    assert points["mode"]["oneOf"] == [{"const": 0, "title": "off"}, {"const": 1, "title": "on"}]
    assert points["fixed"]["readOnly"] is True
    assert [note.point for note in result.imported.notes] == ["fixed"]


def test_folder_is_told(tmp_path):
    (result,) = import_files("csv", [str(tmp_path)], {}, tmp_path)
    assert "it is a folder" in result.error


def test_tables_take_rows_of_packages(tmp_path, monkeypatch):
    """A vendor's own SunSpec model becomes known by a row in a package of the user's."""
    from kg import packages
    from kg.devices import meanings, thing_facts

    (tmp_path / "mappings" / "points").mkdir(parents=True)
    rows = tmp_path / "mappings" / "points" / "sunspec-models.csv"
    rows.write_text("model,name,length,repeats\n65001,vendor,12,\n")
    monkeypatch.setenv("FLEXKG_PACKAGES", str(tmp_path))
    for cached in (packages.packages, meanings.table, thing_facts.models):
        cached.cache_clear()
    try:
        assert thing_facts.length_fits(65001, 12)
        assert thing_facts.length_fits(103, 50)
    finally:
        monkeypatch.undo()
        for cached in (packages.packages, meanings.table, thing_facts.models):
            cached.cache_clear()


def test_table_of_a_maker_is_imported(tmp_path):
    """Hexadecimal addresses, types with a length, other words for access: as makers write them."""
    table = (
        "Register;Name;Data Type;Access;Unit;Gain;Length;Values\n"
        "0x0064;Operating mode;U16;R/W;;;;0=off; 1=auto\n"
        "65h;Power limit;UINT16;R/W;W;10;;\n"
        "0x0070;Serial;STRING(16);RO;;;8;\n"
        "0x0080;Level;U16;RW;;;;0=off 1=on\n"
        "0xZZ;Broken;U16;RO;;;;\n"
    ).replace("0=off; 1=auto", '"0=off; 1=auto"')
    limits = tmp_path / "limits.csv"
    limits.write_text("point,minimum,maximum\nPower_limit,0,8000\nBroken,0,1\n")
    made = import_bytes("csv", table.encode(), "m.csv", {"LIMITS": str(limits)})
    points = made.things["m"]["properties"]
    assert [p["forms"][0]["href"] for p in points.values()] == [
        "/{{UNIT}}/100?quantity=1",
        "/{{UNIT}}/101?quantity=1",
        "/{{UNIT}}/112?quantity=8",
    ]
    assert [name for name, point in points.items() if not point.get("readOnly")] == [
        "Operating_mode",
        "Power_limit",
    ]
    assert [left.point for left in made.left] == ["Level", "Broken"]
    assert made.unmet == frozenset()


def test_numbers_of_registers_are_noted():
    """A table whose addresses all start with 4 may count registers, not addresses; that is said."""
    made = import_bytes("csv", b"name,address,type\nx,40101,uint16\n", "m.csv", {})
    assert "SHIFT=-40001" in made.notes[0].why
