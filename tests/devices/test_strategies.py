"""Strategies: their files are checked with the site, and what they cannot do for a device is told before."""

import json
from decimal import Decimal

import pytest

from kg.devices.commands import Command, Situation, check_command
from kg.devices.models import find_model, instance, written
from kg.devices.sites import check_files, find, load_site
from kg.devices.strategies import rows_of, shipped
from kg.devices.strategy_check import check_strategy
from kg.errors import UsageError

HP = "urn:dev:hp-3"
HEAD = "signal,type,from,until,command,do,number,base,note\n"
NOW = 1_800_000_000.0


@pytest.fixture
def site(tmp_path):
    """A heat pump whose resource goes by a strategy of its own; gives a function that writes that."""
    made = instance(find_model("generic-heat-pump"), HP, {"HOST": "127.0.0.1", "PORT": "502", "UNIT": "1"})
    (tmp_path / "hp.td.jsonld").write_text(written(made))
    resources = [
        {"resourceID": "HP", "devices": [HP], "strategy": "own"},
        {"resourceID": "P", "parts": ["HP"]},
    ]
    body = {"@context": "https://w3id.org/flexkg/context/site", "resources": resources}
    (tmp_path / "a.site.jsonld").write_text(json.dumps(body))

    def write(rows, head=HEAD):
        (tmp_path / "own.csv").write_text(head + rows)
        return tmp_path

    return write


def findings(folder):
    return {
        (v.rule, v.severity, v.line, v.pointer)
        for _, report in check_files(find([str(folder)]))
        for v in report.violations
    }


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("SIMPLE,level,0,1,limit,sett,5,,\n", ("STR-9", "Violation", 2, "do")),
        ("SIMPLE,level,0,1,limit,set,many,,\n", ("STR-1", "Violation", 0, "line 2")),
        ("SIMPLE,level,0,1,limit,set,,,\n", ("STR-12", "Violation", 0, "line 2")),
        ("SIMPLE,level,2,1,limit,safe,,,\n", ("STR-13", "Violation", 2, "from")),
        ("SIMPLE,level,0,1,,safe,,,\n", ("STR-10", "Violation", 0, "line 2")),
        (",level,0,1,limit,safe,,,\n", ("STR-7", "Violation", 2, "signal")),
        ("SIMPLE,level,0,1,limit,safe\n", ("CSV", "Violation", 0, "line 2")),
        ("SIMPLE,level,0,1,limit,delta,1,,\n", ("STR-11", "Violation", 0, "line 2")),
        ("SIMPLE,level,0,1,limit,set,NaN,,\n", ("STR-1", "Violation", 0, "line 2")),
        ("", ("CSV", "Violation", 0, "line 1")),
        (
            "SIMPLE,level,0,2,limit,safe,,,\nSIMPLE,level,1,3,limit,set,4000,,\n",
            ("STR-2", "Violation", 3, "from"),
        ),
        ("SIMPEL,level,0,1,limit,safe,,,\n", ("STR-3", "Warning", 2, "signal")),
        ("SIMPLE,level,0,1,limitt,safe,,,\n", ("STR-5", "Warning", 0, "/resources/0/strategy")),
        ("LOAD_DISPATCH,delta,,,limit,delta,1,draw,\n", ("STR-5", "Warning", 0, "/resources/0/strategy")),
        ("SIMPLE,level,0,1,limit,set,9000,,\n", ("STR-6", "Warning", 0, "/resources/0/strategy")),
        ("SIMPLE,level,0,1,limit,percent,3,,\n", ("STR-6", "Warning", 0, "/resources/0/strategy")),
        (
            "SIMPLE,level,0,1,limit,set,4000,,\nSIMPLE,level,0,1,powerLimit,set,5000,,\n",
            ("STR-14", "Warning", 0, "/resources/0/strategy"),
        ),
    ],
)
def test_wrong_row_is_told_by_the_check_of_the_site(site, rows, found):
    """A row that is wrong, or asks what the device cannot do, is named with its line before any event."""
    folder = site(rows)
    assert found in findings(folder)
    if found[1] == "Violation":
        with pytest.raises(UsageError, match=found[0]):
            load_site([str(folder)])


def test_head_that_is_none_is_told(site):
    """A strategy that a site names is checked whatever its head; other tables are left alone."""
    folder = site("SIMPLE,level,0,1,limit,safe,,,\n", "signal;type\n")
    (folder / "registers.csv").write_text("name,address\n")
    assert ("CSV", "Violation", 0, "line 1") in findings(folder)
    assert not any("registers" in str(path) for path in find([str(folder)]))


def test_missing_strategy_of_a_mapping_is_told(tmp_path):
    """A mapping that names a strategy that there is not is refused; one beside it will do."""
    made = instance(find_model("generic-heat-pump"), HP, {"HOST": "h", "PORT": "502", "UNIT": "1"})
    made["flex:strategy"] = "mine"
    (tmp_path / "hp.td.jsonld").write_text(written(made))
    assert ("STR-4", "Violation", 0, "/flex:strategy") in findings(tmp_path)
    (tmp_path / "mine.csv").write_text(HEAD + "SIMPLE,level,0,1,limit,safe,,,\n")
    assert findings(tmp_path) == set()
    assert load_site([str(tmp_path)]).plans[HP].portions[0].strategy


@pytest.mark.parametrize("path", sorted(shipped().values()), ids=lambda path: path.stem)
def test_shipped_strategy_conforms(path):
    """Each shipped strategy has no finding."""
    assert check_strategy(path).violations == ()
    assert rows_of(path.read_text("utf-8"))


def test_two_values_for_one_point_are_refused(site):
    """A point that is named twice, by name and by command, gets one value or none."""
    folder = site("SIMPLE,level,0,1,limit,set,4000,,\nSIMPLE,level,0,1,powerLimit,set,5000,,\n")
    verdict = check_command(load_site([str(folder)]).plans, "HP", Command("SIMPLE", "level", Decimal(0)), NOW)
    assert [reason.rule for reason in verdict.refusals] == ["CMD-19"]
    folder = site("SIMPLE,level,0,1,limit,set,4000,,\nSIMPLE,level,0,1,powerLimit,set,4000,,\n")
    verdict = check_command(load_site([str(folder)]).plans, "HP", Command("SIMPLE", "level", Decimal(0)), NOW)
    assert [write.raw for write in verdict.writes] == [4000]
    folder = site("SIMPLE,level,0,1,limit,safe,,,\nSIMPLE,level,0,1,powerLimit,safe,,,\n")
    verdict = check_command(load_site([str(folder)]).plans, "HP", Command("SIMPLE", "level", Decimal(0)), NOW)
    assert len(verdict.writes) == 1


@pytest.mark.parametrize(
    ("row", "value", "read", "made"),
    [
        ("times,1,power", "0.5", "6000", "3000"),
        ("times,1,", "0.5", None, "4000"),
        ("offset,0.01,", "-25", None, "6000"),
        ("offset,0.01,power", "-50", "6000", "3000"),
        ("toward,1,power", "5", "4", "8000"),
        ("toward,1,power", "5", "6", "CMD-15"),
        ("toward,-1,power", "5", "4", "CMD-15"),
        ("toward,-100,power", "0.5", "60", "8000"),
        ("toward,1,power", "5", "5", "8000"),
        ("times,1,power", "0.5", None, "CMD-13"),
        ("toward,1,power", "0.5", None, "CMD-13"),
    ],
)
def test_acts(site, row, value, read, made):
    """What factors, offsets in per cent and states to reach make of a value."""
    act, number, base = row.split(",")
    folder = site(f"X,y,,,limit,{act},{number},{'electricPower' if base else ''},\n")
    known = Situation(readings={} if read is None else {(HP, "electricPower"): Decimal(read)})
    verdict = check_command(
        load_site([str(folder)]).plans, "HP", Command("X", "y", Decimal(value)), NOW, known
    )
    if made.startswith("CMD"):
        assert [reason.rule for reason in verdict.refusals] == [made]
    else:
        assert [write.value for write in verdict.writes] == [Decimal(made)]


PRICES = [("priceRelative", "-0.2"), ("priceRelative", "0"), ("priceRelative", "0.2")]
PRICES += [("priceMultiplier", "0.5"), ("priceMultiplier", "1"), ("priceMultiplier", "2")]


@pytest.mark.parametrize("name", sorted(set(shipped()) - {"meter-disconnect", "pv"}))
@pytest.mark.parametrize(("kind", "value"), PRICES)
def test_changes_and_factors_of_prices_have_rows(name, kind, value):
    """Each strategy that goes by prices takes changes and factors too: cheaper, as ever, dearer."""
    rows = [
        row
        for row in rows_of(shipped()[name].read_text("utf-8"))
        if (row.signal, row.type) == ("ELECTRICITY_PRICE", kind)
    ]
    number = Decimal(value)
    hit = [r for r in rows if (r.low is None or r.low <= number) and (r.high is None or number < r.high)]
    assert hit


def test_situation_that_names_nothing_of_the_site_is_refused(site):
    """A reading, a past or an opt-out of what there is not would count for nothing: it is told."""
    loaded = load_site([str(site("SIMPLE,level,0,1,limit,safe,,,\n"))])
    loaded.look_up(
        Situation(readings={(HP, "electricPower"): Decimal(1)}, opted_out={"P"}, out_of_service={HP})
    )
    for known, what in (
        (Situation(readings={(HP, "elecPower"): Decimal(1)}), "no point 'elecPower'"),
        (Situation(readings={("urn:dev:x", "electricPower"): Decimal(1)}), "no such device"),
        (Situation(opted_out={"HPP"}), "no such resource"),
        (Situation(out_of_service={"urn:dev:hp-4"}), "no such resource or device"),
    ):
        with pytest.raises(UsageError, match=what) as caught:
            loaded.look_up(known)
        assert caught.value.cure.startswith("use one of")
