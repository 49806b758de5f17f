"""SunSpec mappings are moved to where a device's own models lie."""

import json

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.devices.models import shipped
from kg.devices.sunspec_layout import chain_of, placed
from kg.errors import UsageError


def addresses(data):
    return {
        name: int(point["forms"][0]["href"].rpartition("/")[2].partition("?")[0])
        for name, point in data["properties"].items()
    }


def test_points_move_with_their_models():
    """Models between those of the mapping shift what lies behind; a model of the same layout will do."""
    data = shipped()["sunspec-inverter"].data
    moved, left = placed(data, chain_of("1 101 120 121 122 123"))
    old, new = addresses(data), addresses(moved)
    assert left == []
    assert new["W"] == old["W"]
    shift = sum(length + 2 for length in (26, 30, 44))
    assert new["WMaxLimPct"] == old["WMaxLimPct"] + shift
    assert [block["flex:modelID"] for block in moved["flex:sunspecBlock"]] == [1, 101, 123]
    assert addresses(placed(data, chain_of("1 103 123", 0))[0])["Mn"] == old["Mn"] - 40000


def test_points_of_missing_models_are_left():
    """A device without the model of controls is only read."""
    moved, left = placed(shipped()["sunspec-inverter"].data, chain_of("1 103 160:48"))
    assert "WMaxLimPct" in left
    assert all(point.get("readOnly") for point in moved["properties"].values())


@pytest.mark.parametrize("text", ["", "x", "1 160 123", "65001 103", "103:51", "1 113", "1"])
def test_wrong_chains_are_told(text):
    """A chain that cannot be worked out, or has nothing of the mapping, gives no mapping."""
    with pytest.raises(UsageError) as caught:
        placed(shipped()["sunspec-inverter"].data, chain_of(text))
    assert caught.value.cure
    with pytest.raises(UsageError, match="no SunSpec models"):
        placed(shipped()["generic-heat-pump"].data, chain_of("1 103"))


@pytest.mark.parametrize(
    "broken",
    [
        {"flex:sunspecBlock": [{"flex:modelID": 103}]},
        {"flex:sunspecBlock": [1]},
        {"properties": {"a": 1, "b": {"flex:modelID": 103, "forms": 5}, "c": {"flex:modelID": 103}}},
    ],
)
def test_model_that_says_no_places_is_no_fault_of_ours(tmp_path, broken):
    """A Thing Model of somebody's own may be broken anywhere."""
    file = tmp_path / "own.tm.jsonld"
    file.write_text(json.dumps({**shipped()["sunspec-inverter"].data, **broken}, default=float))
    words = ["devices", "instantiate", str(file), "--id", "urn:x", "--models", "1 103"]
    values = [word for one in ("HOST=192.0.2.7", "PORT=502", "UNIT=1") for word in ("--set", one)]
    result = CliRunner().invoke(app, [*words, *values])
    assert result.exit_code in (1, 2)
    assert "fault of FlexKG" not in result.stderr


def test_instance_is_checked_before_it_is_written(tmp_path):
    """What does not conform is told and not written; what does is."""
    out = tmp_path / "new" / "a.td.jsonld"  # in a folder that is made
    given = [
        "devices",
        "instantiate",
        "sunspec-meter",
        "--id",
        "urn:x",
        "--models",
        "1 201",
        "--out",
        str(out),
    ]
    values = ["--set", "HOST=192.0.2.7", "--set", "UNIT=1", "--set"]
    result = CliRunner().invoke(app, [*given, *values, "PORT=five"])
    assert (result.exit_code, out.exists()) == (1, False)
    assert "/base" in result.stderr
    result = CliRunner().invoke(app, [*given, *values, "PORT=502"])
    assert result.exit_code == 0
    assert json.loads(out.read_text())["flex:sunspecBlock"][1]["flex:modelID"] == 201
