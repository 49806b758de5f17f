"""flexkg ontology: exit codes, formats, and where each finding is."""

import json

import pytest
from typer.testing import CliRunner

from kg.cli import app
from kg.ontology import Checked
from kg.ontology_findings import as_lines, as_sarif
from kg.report import Violation
from tests.paths import ROOT

GOOD = ROOT / "ontology" / "party.ttl"
BAD = """@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

<https://example.org/def> a owl:Ontology .

<https://example.org/def#plant>
    a owl:Class ;
    rdfs:isDefinedBy <https://example.org/def> .
"""
FOUND = Checked(
    "violates",
    "",
    (
        Violation("ONT-1", "Violation", "one", "https://example.org/a", None, "clause", "a b.ttl", 7, "cure"),
        Violation("ONT-2", "Warning", "two", "", '"x"', "", "a b.ttl", 0, ""),
        Violation("ONT-1", "Info", "three\x1b[31m"),
    ),
    terms=12,
    left_out=3,
)


def flexkg(*arguments):
    return CliRunner().invoke(app, ["ontology", *map(str, arguments)])


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.ttl"
    path.write_text(BAD, encoding="utf-8")
    return path


def test_check_accepts_the_projects_own():
    """Without a path the modules of the project are checked, and they conform."""
    result = flexkg("check")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("conforms: 0 violations")


def test_check_names_file_and_line(bad):
    """A finding begins as a compiler's does, so that editors lead there; exit code 1."""
    result = flexkg("check", bad)
    assert result.exit_code == 1
    assert f"{bad}:6: ONT-" in result.output
    assert result.output.splitlines()[-1].startswith("violates: ")


def test_check_leads_to_the_header(bad):
    """A finding about the ontology itself has a place too."""
    assert f"{bad}:4: ONT-21 Violation" in flexkg("check", bad).output


@pytest.mark.parametrize(
    "text",
    ["", BAD.replace("isDefinedBy <https://example.org/def>", "isDefinedBy <https://example.org/de>")],
    ids=["empty", "defined-elsewhere"],
)
def test_check_of_nothing_is_wrong_usage(tmp_path, text):
    """Where no term was checked nothing conforms: exit code 2, the file, and how to mend it."""
    path = tmp_path / "nothing.ttl"
    path.write_text(text, encoding="utf-8")
    result = flexkg("check", path)
    assert result.exit_code == 2
    assert "conforms" not in result.output
    assert str(path) in result.stderr
    assert "rdfs:isDefinedBy" in result.stderr


def test_check_tells_how_much_was_checked(bad):
    """The summary has the number of terms, and so has JSON."""
    assert flexkg("check", bad).output.endswith("; 1 terms checked\n")
    report = json.loads(flexkg("check", bad, "--format", "json").output)
    assert (report["terms"], report["left_out"]) == (1, 0)


def test_check_takes_a_folder(bad):
    """A folder stands for all ontology files below it."""
    assert flexkg("check", bad.parent).output == flexkg("check", bad).output


def test_check_writes_json(bad):
    """The report as one JSON document, the same as the library's."""
    result = flexkg("check", bad, "--format", "json")
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert report["verdict"] == "violates"
    assert {f["pointer"] for f in report["violations"] if f["focus"].endswith("#plant")} == {str(bad)}


def test_check_writes_sarif(bad):
    """A SARIF log: each result refers to its rule, and has a level and a place."""
    result = flexkg("check", bad, "--format", "sarif")
    assert result.exit_code == 1
    log = json.loads(result.output)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    assert run["results"]
    for found in run["results"]:
        assert rules[found["ruleIndex"]] == found["ruleId"]
        assert found["level"] in ("error", "warning", "note")
        assert found["message"]["text"]
        (location,) = found["locations"]
        (about,) = location["logicalLocations"]
        if about["fullyQualifiedName"].endswith("#plant"):
            place = location["physicalLocation"]
            assert place == {"artifactLocation": {"uri": bad.as_uri()}, "region": {"startLine": 6}}


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "nowhere.ttl"),
        ("check", "--format", "xml"),
        ("diff", "nowhere", "ontology"),
        ("diff", GOOD, GOOD, "--format", "sarif"),
        ("docs", "--out", ROOT / "pyproject.toml"),
    ],
)
def test_wrong_usage_is_one_line(arguments):
    """What is wrong and what to do, in one line on standard error; exit code 2."""
    result = flexkg(*arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("flexkg: ")
    assert "; " in line


def test_broken_turtle_is_told_with_its_line(tmp_path):
    """A file that cannot be read stops the check."""
    path = tmp_path / "broken.ttl"
    path.write_text("@prefix : <https://example.org/> .\n:a :b .\n", encoding="utf-8")
    result = flexkg("check", path)
    assert result.exit_code == 2
    assert f"{path}:2" in result.stderr


def test_diff_of_the_same_is_empty():
    """Nothing differs from itself, and no new number is needed."""
    result = flexkg("diff", GOOD, GOOD)
    assert result.exit_code == 0
    assert result.output.startswith("0 terms differ")
    assert "needs" not in result.output


def test_diff_asks_for_a_number(tmp_path):
    """A term that is gone under the same number: exit code 1, and the number that is needed."""
    path = tmp_path / "party.ttl"
    head, _, rest = GOOD.read_text("utf-8").partition("\nflex:")
    path.write_text(head + "\nflex:" + rest.partition("\nflex:")[2], encoding="utf-8")
    result = flexkg("diff", GOOD, path)
    assert result.exit_code == 1
    assert "removed https://w3id.org/flexkg/def#" in result.output
    assert "needs 0.2.0 or more" in result.output
    report = json.loads(flexkg("diff", GOOD, path, "--format", "json").output)
    assert report["needed"] == "0.2.0"
    assert not report["numbered"]


def test_diff_says_which_number_it_cannot_read(tmp_path):
    """A number of another form is named with its cure; exit code 1, as nothing can be said of it."""
    path = tmp_path / "party.ttl"
    path.write_text(GOOD.read_text("utf-8").replace('versionInfo "', 'versionInfo "May '), encoding="utf-8")
    result = flexkg("diff", GOOD, path)
    assert result.exit_code == 1
    assert "'May 0.1.0' cannot be read: write owl:versionInfo as 1.2.3" in result.output


def test_docs_writes_the_site(tmp_path):
    """The number of files is told, and the index is there."""
    result = flexkg("docs", "--out", tmp_path / "site")
    assert result.exit_code == 0
    written = sum(path.is_file() for path in (tmp_path / "site").rglob("*"))
    assert result.output.startswith(f"{written} files written")
    assert (tmp_path / "site" / "index.html").is_file()


def test_lines_tell_everything():
    """Rule, place, clause and cure of each finding, and how many of each severity."""
    lines = as_lines(FOUND).splitlines()
    assert lines[0] == "a b.ttl:7: ONT-1 Violation: one"
    assert "    clause clause" in lines
    assert "    do: cure" in lines
    counts, _, scope = lines[-1].partition("; ")
    assert counts == "violates: 1 violations, 1 warnings, 1 infos"
    assert scope == "12 terms checked, 3 terms of other ontologies left out"
    assert "\x1b" not in as_lines(FOUND)


def test_sarif_has_levels_and_escapes_paths():
    """Severities become levels; a path is an URI."""
    (run,) = as_sarif(FOUND)["runs"]
    assert [found["level"] for found in run["results"]] == ["error", "warning", "note"]
    assert [found["ruleIndex"] for found in run["results"]] == [0, 1, 0]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.ttl"
    assert "locations" not in run["results"][2]
