"""RDF files as people have them: named for another format, with a mark of order, with entities."""

from pathlib import Path

import pytest

from kg.entities import GROWTH, SPARE
from kg.errors import AssetError
from kg.rdf import ontology_files, read_file
from tests.paths import DATA, needs_data

XML = """<?xml version="1.0"?>
<!-- <!DOCTYPE rdf:RDF [ ]> in words -->
%s<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="%s"><rdf:type rdf:resource="https://a.example/b"/></rdf:Description>
</rdf:RDF>
"""
IRI = "https://a.example/a"
TYPED = f"<{IRI}> a <https://a.example/b> ."
ENTITIES = '<!DOCTYPE rdf:RDF [\n<!-- <!ENTITY x "y"> -->\n<!ENTITY a "https://a.example/" >\n%s]>\n'
JSON = '{"@id": "https://a.example/a", "@type": "https://a.example/b"}'
TEXTS = {
    "turtle": TYPED,
    "turtle-with-bom": "\ufeff" + TYPED,
    "n-triples": TYPED.replace(" a ", " <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "),
    "xml": XML % ("", IRI),
    "xml-with-entities": XML % (ENTITIES % "", "&a;a"),
    "xml-with-quotes": XML % ((ENTITIES % "").replace('"', "'"), "&a;a"),
    "xml-with-bare-type": XML % ("<!DOCTYPE rdf:RDF>\n", IRI),
    "xml-with-comment-first": XML.partition("\n")[2] % ("", IRI),
    "json": JSON,
    "json-list": f"[{JSON}]",
}


def write(folder: Path, text: str, suffix: str) -> Path:
    path = folder / f"file{suffix}"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", [".ttl", ".owl", ".rdf", ".jsonld", ".xml", ".json", ".TTL"])
@pytest.mark.parametrize("name", TEXTS)
def test_content_tells_the_format(tmp_path, name, suffix):
    """Whatever the suffix promises, a file is read as what it is."""
    (triple,) = read_file(write(tmp_path, TEXTS[name], suffix))
    assert str(triple.subject) == f"<{IRI}>"


@pytest.mark.parametrize(
    ("entities", "told"),
    [
        ('<!DOCTYPE rdf:RDF SYSTEM "file:///etc/passwd">\n', "another file"),
        ('<!DOCTYPE rdf:RDF PUBLIC "x" "http://127.0.0.1/x" [ ]>\n', "another file"),
        (ENTITIES % '<!ENTITY x SYSTEM "file:///etc/passwd">', "more than entities"),
        (ENTITIES % '<!ENTITY % x "y">', "more than entities"),
        (ENTITIES % '<!ENTITY b "&a;&a;">', "'b' is not plain"),
        (ENTITIES % '<!ENTITY b "<b/>">', "'b' is not plain"),
        (ENTITIES % "<!ELEMENT x ANY>", "more than entities"),
        (ENTITIES % "%x;", "more than entities"),
    ],
)
def test_entities_that_are_more_than_namespaces_are_refused(tmp_path, entities, told):
    """No file is fetched, nothing is expanded twice; the error says how to go on."""
    with pytest.raises(AssetError, match=told) as caught:
        read_file(write(tmp_path, XML % (entities, IRI), ".rdf"))
    assert "file.rdf" in caught.value.where
    assert "Turtle" in caught.value.cure


def test_entities_cannot_make_a_file_grow_without_bound(tmp_path):
    """A long entity that is written often is refused before the text is made."""
    long = '<!ENTITY b "' + "x" * SPARE + '">'
    text = XML % (ENTITIES % long, "&a;a" + "&b;" * (GROWTH + 10))
    with pytest.raises(AssetError, match="too long"):
        read_file(write(tmp_path, text, ".rdf"))


def test_lines_keep_their_numbers(tmp_path):
    """An error behind the entities names the line of the file as it lies there."""
    text = XML % (ENTITIES % "", "&a;a")
    path = write(tmp_path, text.replace("</rdf:Description>", "</rdf:Wrong>"), ".rdf")
    with pytest.raises(AssetError) as caught:
        read_file(path)
    assert ":" in caught.value.where.removeprefix(str(path)) or "parsed" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ('<Ontology xmlns="http://www.w3.org/2002/07/owl#"/>', "Save as"),
        ('<?xml version="1.0"?>\n<owl:Ontology xmlns:owl="http://www.w3.org/2002/07/owl#"/>', "Save as"),
        ("Prefix(:=<https://a.example/>)\nOntology(<https://a.example/>)", "Save as"),
        ("Prefix: : <https://a.example/>\nOntology: <https://a.example/>", "Save as"),
        ('<https://a.example/a> <https://a.example/b> "\\#" .', "backslash"),
        ("a:b a a:c .", "@prefix"),
        ('{"@context": "https://schema.org/", "@id": "https://a.example/a"}', "fetched"),
    ],
)
def test_what_is_not_read_has_a_cure(tmp_path, text, cure):
    """Other formats and the commonest slips are told with what to do."""
    suffix = ".ttl" if cure != "Save as" else ".owl"
    with pytest.raises(AssetError) as caught:
        read_file(write(tmp_path, text, suffix))
    assert cure in caught.value.cure


def test_folders_pass_over_other_files(tmp_path):
    """A catalog or settings beside an ontology are no ontology."""
    for suffix in (".xml", ".json", ".ttl"):
        write(tmp_path, TYPED, suffix)
    assert [path.suffix for path in ontology_files(tmp_path)] == [".ttl"]


@needs_data
def test_published_ontologies_are_read_as_they_lie():
    """Each copy of another ontology is read, but one that breaks Turtle: it has line and cure."""
    refused = {}
    files = [p for p in sorted((DATA / "ontologies").rglob("*")) if p.suffix in (".ttl", ".owl", ".rdf")]
    for path in [file for file in files if file.stat().st_size < 2_000_000]:
        try:
            read_file(path)
        except AssetError as error:
            refused[path.name] = error
    assert set(refused) == {"wotsec.ttl"}
    assert "wotsec.ttl:165:" in refused["wotsec.ttl"].where
    assert "backslash" in refused["wotsec.ttl"].cure
