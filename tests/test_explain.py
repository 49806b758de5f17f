"""Each value of a payload is said with quantity, unit, direction, aggregation, span, resource and origins."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg import lift, read
from kg.bindings import signal_binding
from kg.cli import app
from kg.errors import AssetError
from kg.explain import explain
from kg.graphs import facts_of
from kg.lift import Lifted
from kg.vocabulary import schemes
from tests.paths import PAYLOADS, ROOT, needs_data

STORIES = ROOT / "examples"


def _lifted(path: Path) -> Lifted:
    return lift(read(path.read_bytes()))


def _sentences(path: Path, *context: Path) -> list[str]:
    return [m.sentence() for m in explain(_lifted(path), [_lifted(c) for c in context])]


def test_explain_says_a_price_with_currency_and_span() -> None:
    """A price has its currency for a unit of energy, and each interval its own hour."""
    assert _sentences(STORIES / "01-price-event" / "price.xml")[2] == (
        "From 2026-12-01T18:00:00Z to 2026-12-01T19:00:00Z: price of electricity -0.02 EUR/kWh, "
        "for venID VEN-HARBOUR and venID VEN-MILL."
    )


def test_explain_converts_exactly() -> None:
    """A value in kW is given in W too, by decimals and never by floats."""
    (first, *_) = explain(_lifted(STORIES / "02-load-shed" / "shed-0.xml"))
    assert (first.value, first.base_value) == (Decimal(-5), Decimal(-5000))
    assert "-5 kW (= -5000 W), mean, drawn from the grid counts positive" in first.sentence()


def test_explain_takes_readings_from_their_registration() -> None:
    """A reading means what its data point was registered as; without the registration it has no meaning."""
    report, registration = (STORIES / "04-report-to-query" / n for n in ("2-readings.xml", "1-register.xml"))
    assert _sentences(report, registration)[0] == (
        "From 2026-12-01T16:30:00Z to 2026-12-01T16:45:00Z: usage, mean over the interval 6.2 kW (= 6200 W), "
        "mean, drawn from the grid counts positive, Quality Good - Non Specific, confidence 100 %, "
        "accuracy 0.01, for mRID METER-3 and resourceID HEATPUMP-3."
    )
    alone = list(explain(_lifted(report)))
    assert not any(meaning.binding.complete for meaning in alone)
    assert "the registration of import-power under USAGE-1 by VEN-HARBOUR" in alone[0].binding.missing[0]


def _signal(name: str, kind: str, base: str) -> dict[str, dict[str, list[str]]]:
    flex, vocab = "https://w3id.org/flexkg/def#", "https://w3id.org/flexkg/vocab"
    item = {"<i>": {f"<{flex}itemBase>": [f"<{vocab}/itemBase/{base}>"], f"<{flex}itemUnits>": ['"W"']}}
    node = {
        f"<{flex}signalName>": [f"<{vocab}/signalName/{name}>"],
        f"<{flex}signalType>": [f"<{vocab}/signalType/{kind}>"],
        **({f"<{flex}item>": ["<i>"]} if base else {}),
    }
    return {"<s>": node, **(item if base else {})}


@pytest.mark.parametrize("name", sorted(schemes()["signalName"].concepts))
def test_every_signal_name_has_a_meaning(name: str) -> None:
    """For each signal name at least one combination with a type and an item means something."""
    kinds, bases = schemes()["signalType"].concepts, ["", *schemes()["itemBase"].concepts]
    assert any(signal_binding("<s>", _signal(name, k, b)).complete for k in kinds for b in bases)


def test_combination_without_meaning_says_what_is_missing() -> None:
    """A combination that no row knows is named with the table that lacks it."""
    binding = signal_binding("<s>", _signal("SIMPLE", "price", "powerReal"))
    assert binding.missing == ("a row for SIMPLE price with powerReal in signals.csv",)


def test_own_table_goes_before_ours(tmp_path: Path) -> None:
    """A user's row for a combination is used in the place of the shipped one."""
    ours = (ROOT / "mappings" / "bindings" / "signals.csv").read_text("utf-8").splitlines()[0]
    row = "LOAD_DISPATCH,delta,powerReal,item,item,export,mean,change of the power fed in,market rules"
    (tmp_path / "signals.csv").write_text(f"{ours}\n{row}\n", encoding="utf-8")
    (first, *_) = explain(_lifted(STORIES / "02-load-shed" / "shed-0.xml"), tables=tmp_path)
    assert "change of the power fed in -5 kW" in first.sentence()
    assert first.binding.direction == "export"


@pytest.mark.parametrize(
    ("text", "words"),
    [("a,b\n", "other columns"), ("HEAD\nSIMPLE,level\n", "2 cells"), ("HEAD\nROW\nROW\n", "stands twice")],
)
def test_broken_table_names_file_and_line(tmp_path: Path, text: str, words: str) -> None:
    """A table that cannot be used is told with file, line and cure."""
    lines = (ROOT / "mappings" / "bindings" / "signals.csv").read_text("utf-8").splitlines()
    (tmp_path / "signals.csv").write_text(text.replace("HEAD", lines[0]).replace("ROW", lines[1]), "utf-8")
    with pytest.raises(AssetError, match=words) as caught:
        list(explain(_lifted(STORIES / "02-load-shed" / "shed-0.xml"), tables=tmp_path))
    assert "signals.csv:" in caught.value.where
    assert caught.value.cure


def test_command_explains_as_text_and_json() -> None:
    """`flexkg explain` ends with 0 where everything has a meaning and with 1 where something has none."""
    folder = STORIES / "04-report-to-query"
    report, registration = str(folder / "2-readings.xml"), str(folder / "1-register.xml")
    run = CliRunner().invoke(app, ["explain", report, "--context", registration, "--format", "json"])
    assert run.exit_code == 0
    first = json.loads(run.stdout.splitlines()[0])
    assert (first["value"], first["base_value"], first["symbol"]) == ("6.2", "6200", "kW")
    assert first["origins"]["unit"] == "the message: powerReal, W"
    assert CliRunner().invoke(app, ["explain", report]).exit_code == 1


@needs_data
def test_explain_never_fails_on_the_corpus() -> None:
    """Every valid payload of the corpus is explained; each of its values has a sentence."""
    for path in sorted(PAYLOADS.glob("2.0b/**/Sample_*.xml")):
        document = read(path.read_bytes())
        if not document.schema_errors:
            lifted = lift(document)
            named = ("value", "currentValue", "minimum", "maximum", "current", "normal")
            marks = tuple(f"def#{name}> " for name in named)
            values = sum(any(mark in line for mark in marks) for line in lifted.lines)
            meanings = list(explain(lifted))
            assert sum(meaning.value is not None for meaning in meanings) == values, path.name
            assert all(meaning.sentence().endswith(".") for meaning in meanings)


def test_facts_are_those_of_the_graph() -> None:
    """The explanation reads the lifted graph and nothing else."""
    lifted = _lifted(STORIES / "01-price-event" / "price.xml")
    assert set(facts_of(lifted.lines)) >= {f"<{m.node}>" for m in explain(lifted)}
