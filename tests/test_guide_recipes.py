"""The recipes of the ontology engineer's guide, followed to the letter in a copy of the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kg.vocabulary import iri
from tests.paths import DATA, ROOT

GUIDE = (ROOT / "docs" / "ontology-engineer.md").read_text("utf-8")
#: What the recipes change and what the tests that judge them read.
COPIED = (
    "kg",
    "api",
    "ontology",
    "shapes",
    "mappings",
    "queries",
    "docs",
    "examples",
    "tests",
    "pyproject.toml",
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^\$ cat > (\S+) <<'END'\n(.*?)^END$", re.MULTILINE | re.DOTALL)

#: Recipe -> the tests that the guide names for it, as arguments of pytest.
JUDGES = {
    "a term": ["tests/test_ontology.py", "-k", "term or modules or definitions or sources"],
    "a rule": ["tests/test_shapes.py", "tests/test_rules_page.py", "-k", "OUR-1 or file or page or belong"],
    "a profile": ["tests/test_shape_profiles.py", "tests/test_profiles.py"],
    "a concept": ["tests/test_vocabulary.py", "tests/test_vocabulary_files.py"],
    "a vocabulary": ["tests/test_ontology.py", "-k", "catalog or everything"],
    "an alignment": ["tests/test_alignments.py"],
}
#: What is new, and what it is in the difference.
NEW = {
    "https://w3id.org/flexkg/def#noticePeriod": "added",
    "https://w3id.org/flexkg/shape#EventVersion-ourPriority": "added",
    iri("optReason", "x-maintenance"): "added",
    "https://w3id.org/flexkg/vocab/feederSide": "added",
    iri("feederSide", "low"): "added",
}
#: Pages of the site, and a text that each has to hold.
PAGES = {
    "noticePeriod": "notice period",
    "vocab/optReason/x-maintenance": "maintenance",
    "vocab/feederSide": "Feeder sides",
    "Activation": "Actuation",
    "rules": "OUR-1",
}


def blocks(title: str, language: str) -> list[str]:
    """Code blocks in a language under a heading of the guide."""
    section = GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return [text for kind, text in _BLOCK.findall(section) if kind == language]


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{path}: {old}"
    path.write_text(text.replace(old, new), "utf-8")


def insert(path: Path, block: str, before: str) -> None:
    """Put a block before the one that begins with a text."""
    edit(path, f"\n\n{before}\n", f"\n\n{block}\n{before}\n")


def run(folder: Path, *command: str, code: int = 0) -> str:
    """Run Python in the copy, with its modules; give what it prints."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "FLEXKG_DATA": str(DATA.resolve()),
        "COLUMNS": "200",
    }
    environment.pop("FLEXKG_TIER", None)
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def flexkg(folder: Path, *arguments: str, code: int = 0) -> str:
    return run(folder, "-c", "from api.command import main; main()", *arguments, code=code)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the checkout in which each recipe of the guide has been followed."""
    folder = tmp_path_factory.mktemp("recipes") / "checkout"
    ignored = shutil.ignore_patterns("__pycache__", "_data")
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    add_term(folder)
    add_rule(folder)
    add_concepts(folder)
    add_alignment(folder)
    return folder


def add_term(folder: Path) -> None:
    (block,) = blocks("A term", "turtle")
    insert(folder / "ontology" / "event.ttl", block, "flex:notificationDuration")


def add_rule(folder: Path) -> None:
    """Shape, profile, golden cases, catalogue; the two files of the first try are kept for the profile."""
    tried = dict(_FILE.findall("".join(blocks("A rule", "console"))))
    for name, text in tried.items():
        (folder / name).write_text(text, "utf-8")
    shapes = folder / "shapes"
    (shapes / "market.ttl").write_text("# Rules for our market.\n" + tried["priority.ttl"], "utf-8")
    (resource,) = blocks("A rule", "turtle")
    insert(shapes / "profiles.ttl", resource, "<profiles#message>")
    edit(
        shapes / "profiles.ttl",
        "        <profiles#message> ,\n",
        "        <profiles#market> ,\n        <profiles#message> ,\n",
    )
    (cases,) = blocks("A rule", "yaml")
    (folder / "tests" / "shapes" / "OUR-1.yml").write_text(cases, "utf-8")
    made, _ = blocks("A rule", "sh")[0].splitlines()
    run(folder, *made.split()[1:], "-n0")


def add_concepts(folder: Path) -> None:
    """A market's token in a scheme that is there, and a scheme."""
    _, token = blocks("A concept", "turtle")
    vocabularies = folder / "ontology" / "vocab"
    insert(vocabularies / "optReason.ttl", token, f"<{iri('optReason', 'x-schedule')}>")
    listed = f"        <{iri('optReason', 'x-schedule')}> .\n"
    edit(vocabularies / "optReason.ttl", listed, f"        <{iri('optReason', 'x-maintenance')}> ,\n{listed}")
    (scheme,) = blocks("A vocabulary", "turtle")
    (vocabularies / "feederSide.ttl").write_text(scheme, "utf-8")
    catalog = folder / "ontology" / "catalog-v001.xml"
    entry = '    <uri name="https://w3id.org/flexkg/vocab/feederSide" uri="vocab/feederSide.ttl"/>\n'
    edit(catalog, "</catalog>", entry + "</catalog>")
    one = "    owl:imports <https://w3id.org/flexkg/flexkg> ;\n"
    edit(
        folder / "ontology" / "schemes.ttl",
        one,
        one + "    owl:imports <https://w3id.org/flexkg/vocab/feederSide> ;\n",
    )
    edit(
        folder / "tests" / "test_vocabulary.py",
        'OTHERS = {"aggregation", ',
        'OTHERS = {"aggregation", "feederSide", ',
    )


def add_alignment(folder: Path) -> None:
    (row,) = blocks("An alignment", "tsv")
    table = folder / "mappings" / "alignments" / "sosa.sssom.tsv"
    edit(table, "\nflex:Device\t", f"\n{row}flex:Device\t")


@pytest.mark.parametrize("recipe", JUDGES)
def test_recipe_ends_green(recipe, checkout):
    """The tests that judge what a recipe adds pass once it has been followed."""
    assert "passed" in run(checkout, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *JUDGES[recipe])


def test_added_rule_and_token_show_in_a_check(checkout):
    """A payload is judged by the new rule at core and in the market's profile; the new token is known."""
    urgent = checkout / "urgent.xml"
    text = (ROOT / "examples" / "02-load-shed" / "shed-1.xml").read_text("utf-8")
    urgent.write_text(text.replace("<ei:priority>1<", "<ei:priority>7<"), "utf-8")
    assert "OUR-1 Warning" in flexkg(checkout, "check", "urgent.xml")
    opt = checkout / "opt.xml"
    base = (ROOT / "tests" / "shapes" / "_base" / "opt-event.xml").read_text("utf-8")
    for reason, known in (("x-mood", False), ("x-maintenance", True)):
        changed = re.sub("(?<=<ei:optReason>)[^<]*", reason, base)
        assert changed != base
        opt.write_text(changed, "utf-8")
        assert ("OPT-4" in flexkg(checkout, "check", "opt.xml")) != known


def test_profile_of_a_market_adds_its_shapes(checkout, tmp_path):
    """A profile needs no change of the checkout: with its two files, core is the rules and the market's."""
    for name in ("priority.ttl", "market.ttl"):
        shutil.copy(checkout / name, tmp_path / name)
    text = (ROOT / "examples" / "02-load-shed" / "shed-1.xml").read_text("utf-8")
    (tmp_path / "urgent.xml").write_text(text.replace("<ei:priority>1<", "<ei:priority>7<"), "utf-8")
    urgent, profile = str(tmp_path / "urgent.xml"), str(tmp_path / "market.ttl")
    assert "OUR-1 Warning" in flexkg(ROOT, "check", urgent, "--profile", profile)
    assert "OUR-1" not in flexkg(ROOT, "check", urgent)


def test_added_terms_conform(checkout):
    """`flexkg ontology check` has nothing against what the recipes add."""
    assert "conforms: 0 violations" in flexkg(checkout, "ontology", "check")


def test_difference_tells_what_is_new_and_asks_for_a_number(checkout):
    """The difference lists what was added, and is content once the number is raised as the guide says."""
    compared = {}
    for name in ("ontology", "shapes"):
        said = flexkg(
            checkout,
            "ontology",
            "diff",
            str(ROOT / name),
            name,
            "--format",
            "json",
            code=int(name == "ontology"),
        )
        compared |= {change["term"]: change["kind"] for change in json.loads(said)["changes"]}
    assert {term: compared.get(term) for term in NEW} == NEW


@pytest.mark.skipif(shutil.which("perl") is None, reason="needs perl")
def test_version_is_raised_everywhere_at_once(checkout, tmp_path):
    """The command of the guide raises the number in each place that a test or the difference looks at."""
    folder = tmp_path / "raised"
    shutil.copytree(checkout, folder)
    command = blocks("A version", "sh")[1]
    subprocess.run(["/bin/sh", "-ec", command], cwd=folder, check=True)
    said = json.loads(
        flexkg(folder, "ontology", "diff", str(ROOT / "ontology"), "ontology", "--format", "json")
    )
    assert said["numbered"]
    assert said["new"] != said["old"]
    judges = (
        "tests/test_ontology.py",
        "tests/test_alignments.py",
        "-k",
        "header or catalog or what_they_are",
    )
    assert "passed" in run(folder, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *judges)


def test_site_shows_what_is_new(checkout, tmp_path):
    """Term, tokens, scheme, rule and alignment have their places in the pages."""
    flexkg(checkout, "ontology", "docs", "--out", str(tmp_path / "site"))
    for page, text in PAGES.items():
        assert text in (tmp_path / "site" / f"{page}.html").read_text("utf-8"), page
