"""The reader of SSSOM tables: what it gives, and how it refuses what cannot be used."""

from pathlib import Path

import pytest

from kg.alignments import evidence, graph, require_terms, statements, tables
from kg.errors import AssetError
from kg.graphs.formats import write_graph
from kg.namespaces import FLEX
from kg.sssom import NO_TERM, read

HEAD = """\
#curie_map:
#  flex: https://w3id.org/flexkg/def#
#  ex: https://other.example/
#  rdfs: http://www.w3.org/2000/01/rdf-schema#
#  semapv: https://w3id.org/semapv/vocab/
#  skos: http://www.w3.org/2004/02/skos/core#
#  sssom: https://w3id.org/sssom/
#mapping_set_id: https://other.example/set
#license: https://www.apache.org/licenses/LICENSE-2.0
"""
COLUMNS = "subject_id\tpredicate_id\tobject_id\tmapping_justification\tconfidence\tcomment\n"
ROW = "flex:Event\tskos:closeMatch\tex:Call\tsemapv:ManualMappingCuration\t0.8\tAlike.\n"
AXIOM = "flex:Meter\trdfs:subClassOf\tex:Thing\tsemapv:ManualMappingCuration\t1.0\tAlways.\n"
NONE = "flex:Poll\tskos:closeMatch\tsssom:NoTermFound\tsemapv:ManualMappingCuration\t\tNothing there.\n"
GOOD = HEAD + COLUMNS + ROW + AXIOM + NONE


@pytest.fixture
def table(tmp_path: Path):
    """Write a table and read it."""

    def write(text: str):
        path = tmp_path / "t.sssom.tsv"
        path.write_text(text, encoding="utf-8")
        return read(path)

    return write


def test_table_is_read_with_iris_in_full(table) -> None:
    """Each row has its IRIs, its cells and its line."""
    found = table(GOOD)
    row = found.rows[0]
    assert (row.subject, row.object, row.confidence) == (FLEX + "Event", "https://other.example/Call", "0.8")
    assert (row.line, found.iri) == (11, "https://other.example/set")
    assert found.rows[2].object == NO_TERM


def test_built_in_prefixes_need_no_declaration(table) -> None:
    """What SSSOM declares once for all tables may be left out of a table's own map."""
    short = "".join(line for line in HEAD.splitlines(keepends=True) if "w3.org" not in line)
    assert table(short + COLUMNS + ROW).rows[0].predicate == "http://www.w3.org/2004/02/skos/core#closeMatch"


def test_rows_become_axioms_and_matches(table) -> None:
    """An OWL predicate gives an axiom about a declared class, a SKOS one a match, no term nothing."""
    text = write_graph("".join(f"{line}\n" for line in statements([table(GOOD)])), "turtle")
    assert "flex:Meter rdfs:subClassOf <https://other.example/Thing> ." in text
    assert "<https://other.example/Thing> a owl:Class ." in text
    assert "flex:Event skos:closeMatch <https://other.example/Call> ." in text
    assert "Poll" not in text


def test_rows_give_their_grounds(table) -> None:
    """Each row, also one without a term, says how sure it is and why."""
    lines = "\n".join(evidence([table(GOOD)]))
    assert lines.count("owl#annotatedSource") == 3
    assert '"0.8"^^<http://www.w3.org/2001/XMLSchema#double>' in lines
    assert '"Nothing there."' in lines


def test_graph_of_the_project_is_turtle() -> None:
    """The product opens as Turtle and holds a line of evidence for each row of the tables."""
    text = graph()
    assert text.count("owl#annotatedSource") == sum(len(read(path).rows) for path in tables())
    assert "rdfs:subClassOf saref:Device" in write_graph(text, "turtle")


@pytest.mark.parametrize(
    ("text", "line", "what", "cure"),
    [
        (HEAD.replace("#curie_map:", "#curie_map: ["), 3, "no YAML", "#key: value"),
        (
            HEAD.replace("#mapping_set_id: https://other.example/set\n", "") + COLUMNS,
            1,
            "mapping_set_id",
            "add",
        ),
        (HEAD.split("#mapping")[0].partition("\n")[0] + "\n" + COLUMNS, 1, "mapping_set_id", "add"),
        ("#curie_map: x\n#mapping_set_id: y\n#license: z\n" + COLUMNS, 1, "no prefixes", "list them"),
        (HEAD, 10, "no column subject_id", "first row"),
        (HEAD + COLUMNS.replace("object_id", "object"), 10, "no column object_id", "first row"),
        (HEAD + COLUMNS + ROW.replace("\t0.8", ""), 11, "5 cells", "one tab"),
        (HEAD + COLUMNS + ROW + "\n" + AXIOM, 12, "0 cells", "no line empty"),
        (HEAD + COLUMNS + ROW.replace("ex:Call", "other:Call"), 11, "'other' is not declared", "curie_map"),
        (HEAD + COLUMNS + ROW.replace("ex:Call", "Call"), 11, "no CURIE", "prefix:name"),
        (HEAD + COLUMNS + ROW.replace("ex:Call", "ex:a>b"), 11, "no CURIE", "prefix:name"),
        (HEAD + COLUMNS + ROW.replace("closeMatch", "nearMatch"), 11, "no predicate", "skos:closeMatch"),
        (HEAD + COLUMNS + ROW.replace("0.8", "80"), 11, "'80' is no number", "0.8"),
        (HEAD + COLUMNS + ROW + ROW, 12, "repeats line 11", "take one"),
    ],
)
def test_broken_tables_are_refused(table, text: str, line: int, what: str, cure: str) -> None:
    """What cannot be used is named with its line and what to do about it."""
    with pytest.raises(AssetError) as caught:
        table(text)
    assert caught.value.where.endswith(f"t.sssom.tsv:{line}")
    assert what in caught.value.what
    assert cure in caught.value.cure


def test_missing_table_is_refused(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(AssetError, match="missing"):
        read(tmp_path / "gone.sssom.tsv")


def test_own_terms_have_to_be_declared(table) -> None:
    """A row about a term that the ontology does not have is refused."""
    found = table(GOOD)
    require_terms(found, [FLEX + name for name in ("Event", "Meter", "Poll")])
    with pytest.raises(AssetError, match="no term flex:Meter") as caught:
        require_terms(found, [FLEX + "Event", FLEX + "Poll"])
    assert caught.value.where.endswith(":12")
