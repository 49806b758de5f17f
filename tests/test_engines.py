"""Both SHACL engines give the same answer, in the same words and order."""

import dataclasses
import random
import subprocess
import sys
import threading

import pytest
import rdflib

from kg.engines import NAMES, Result, engine, read
from kg.engines.compiled import Compiled
from kg.engines.fast import Fast
from kg.engines.reference import Reference
from kg.errors import AssetError, FlexKGError, UnreadablePayload, UsageError
from kg.namespaces import RDF, RDFS
from tests.triples import EX, PREFIXES, literal, triple

both = pytest.mark.parametrize("name", NAMES)


@both
def test_engine_keeps_spellings_in_results(name):
    """A value is reported as the data spell it, as canonical N-Triples."""
    values = [
        literal("PT60M", "duration"),
        literal("1.50", "decimal"),
        literal("01", "integer"),
        literal("2026-01-01T00:00:00.000Z", "dateTime"),
        literal("abc", "decimal"),
        literal("3.14159265", "float"),
        literal("é😀"),
        '"x"@en-gb',
        literal(r"tab\tline\n\"quoted\" back\\slash \u0000\u007F"),
        f"<{EX}é%20>",
    ]
    shapes = f"{PREFIXES} ex:S a sh:PropertyShape ; sh:targetNode ex:n ; sh:path ex:p ; sh:in (ex:none) ."
    results = engine(name, shapes).validate("".join(triple("n", "p", value) for value in values))
    assert [result.value for result in results] == sorted(values)


@both
def test_engine_writes_equal_terms_alike(name):
    """Escapes, xsd:string and the case of a language tag leave no trace."""
    shapes = f"{PREFIXES} ex:S a sh:PropertyShape ; sh:targetNode ex:n ; sh:path ex:p ; sh:in (ex:none) ."
    data = (
        triple("n", "p", r'"\u00E9"') + triple("n", "p", literal("a", "string")) + triple("n", "p", '"x"@EN')
    )
    assert [result.value for result in engine(name, shapes).validate(data)] == ['"a"', '"x"@en', '"é"']


@both
def test_engine_writes_focus_path_and_blank_nodes_alike(name):
    """Focus and path are bare where they are IRIs; paths are as in SPARQL; blank nodes have no name."""
    shapes = f"""{PREFIXES}
        ex:S a sh:NodeShape ; sh:targetNode ex:n , "text" ; sh:targetSubjectsOf ex:p ;
            sh:nodeKind sh:Literal ;
            sh:property [ sh:path (ex:p [ sh:inversePath [ sh:zeroOrMorePath ex:q ] ]) ; sh:maxCount 0 ] ."""
    found = engine(name, shapes).validate(triple("_:b7", "p", "_:x"))
    assert [(result.focus, result.path, result.value, result.shape) for result in found] == [
        ("_:b", None, "_:b", f"{EX}S"),
        ("_:b", f"(<{EX}p>/^(<{EX}q>)*)", None, f"{EX}S"),
        (f"{EX}n", None, f"<{EX}n>", f"{EX}S"),
    ]


@both
def test_engine_orders_results_whatever_the_order_of_the_data(name):
    """Results are sorted by focus, shape, path, value and component."""
    shapes = f"""{PREFIXES}
        ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:property ex:S-p , ex:S-q .
        ex:S-p a sh:PropertyShape ; sh:path ex:p ; sh:maxCount 1 ; sh:datatype xsd:integer ;
            sh:minInclusive 5 .
        ex:S-q a sh:PropertyShape ; sh:path ex:q ; sh:minCount 1 ."""
    lines = [triple(f"n{i}", f"<{RDF}type>", "C") for i in range(5)]
    lines += [triple(f"n{i}", "p", literal(str(value))) for i in range(5) for value in range(3)]
    checker = engine(name, shapes)
    results = checker.validate("".join(lines))
    keys = [(r.focus, r.shape, r.path or "", r.value or "", r.component) for r in results]
    assert len(keys) == 5 * (1 + 3 * 2 + 1)
    assert keys == sorted(keys)
    random.Random(1).shuffle(lines)
    assert checker.validate("".join(lines)) == results


def test_engines_give_the_same_results():
    """A result of one engine equals that of the other in every field."""
    shapes = f"""{PREFIXES}
        ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:property ex:S-p ; sh:severity sh:Info ; sh:class ex:D ;
            sh:sparql [ sh:message "{{?value}} is no {{$this}}" ;
                sh:select "SELECT $this ?value WHERE {{ $this <{EX}q> ?value }}" ] .
        ex:S-p a sh:PropertyShape ; sh:path ex:p ; sh:minCount 1 ;
            sh:severity sh:Warning ; sh:message "p"@en ."""
    data = triple("n", f"<{RDF}type>", "C") + triple("n", "q", literal("1.50", "decimal"))
    iri, value = f"{EX}n", literal("1.50", "decimal")
    sparql = Result(f"{EX}S", iri, None, value, "SPARQLConstraintComponent", "Info", f"1.50 is no {iri}")
    kind = Result(f"{EX}S", iri, None, f"<{iri}>", "ClassConstraintComponent", "Info", "")
    missing = Result(f"{EX}S-p", iri, f"{EX}p", None, "MinCountConstraintComponent", "Warning", "p")
    for name in NAMES:
        assert engine(name, shapes).validate(data) == [sparql, kind, missing]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("shacl", marks=pytest.mark.xfail(reason="reports no value that the query made")),
        "pyshacl",
    ],
)
def test_engine_reports_a_value_that_a_query_computes(name):
    """What a SPARQL constraint computes is the value of its result."""
    query = f"SELECT $this ?value WHERE {{ $this <{EX}p> ?x . BIND(?x + 1 AS ?value) }}"
    shapes = f"{PREFIXES} ex:S sh:targetNode ex:n ; sh:sparql [ sh:select '{query}' ] ."
    (result,) = engine(name, shapes).validate(triple("n", "p", literal("1", "integer")))
    assert result.value == literal("2", "integer")


@both
@pytest.mark.parametrize("severity", ["Violation", "Warning", "Info"])
def test_engine_returns_results_of_every_severity(name, severity):
    """A warning or a piece of advice is a result too."""
    shapes = (
        f"{PREFIXES} ex:S sh:targetNode ex:n ; sh:path ex:p ; sh:minCount 1 ; sh:severity sh:{severity} ."
    )
    assert [result.severity for result in engine(name, shapes).validate("")] == [severity]


MESSAGES = [
    ("'de'@de, 'plain', 'british'@en-GB, 'english'@en", "english"),
    ("'zz'@de, 'plain b', 'plain a'", "plain a"),
    ("'fr'@fr, 'de'@de", "de"),
    ("'one'", "one"),
]


@both
@pytest.mark.parametrize(("messages", "expected"), MESSAGES)
@pytest.mark.parametrize("shape", ["ex:P", "[]"])
def test_engine_gives_one_message(name, shape, messages, expected):
    """English before no language before any other language, then by text; for anonymous shapes too."""
    body = f"sh:path ex:p ; sh:minCount 1 ; sh:message {messages}"
    shapes = f"{PREFIXES} ex:S a sh:NodeShape ; sh:targetNode ex:n ; sh:property "
    shapes += f"[ {body} ] ." if shape == "[]" else f"ex:P . ex:P {body} ."
    (result,) = engine(name, shapes).validate("")
    assert (result.message, result.shape) == (expected, f"{EX}S" if shape == "[]" else f"{EX}P")


@both
def test_engine_invents_no_message(name):
    """Where the shapes state no message there is none."""
    shapes = f"{PREFIXES} ex:S sh:targetNode ex:n ; sh:path ex:p ; sh:minCount 1 ."
    assert [result.message for result in engine(name, shapes).validate("")] == [""]


#: Shapes text, what the error names, where it says it is.
BROKEN = [
    ("", "no shape", ""),
    ("# a comment\n", "no shape", ""),
    ("ex:a ex:b ex:c .", "no shape", ""),
    ("ex:S a sh:NodeShape", "no Turtle", "line 6"),
    ("\n\nfoo:S a sh:NodeShape .", "no Turtle", "line 8"),
    ("ex:S a sh:PropertyShape ; sh:minCount 1 .", "0 paths", f"{EX}S"),
    ("ex:S sh:property ex:P . ex:P sh:path ex:p, ex:q .", "2 paths", f"{EX}P"),
    ("ex:S sh:property ex:P .", "0 paths", f"{EX}P"),
    ("ex:S sh:node ex:T .", "not there", f"{EX}T"),
    ("ex:S sh:or (ex:T [ sh:class ex:C ]) .", "not there", f"{EX}T"),
    ("ex:S sh:path ex:p ; sh:MinCount 1 .", "sh:MinCount", f"{EX}S"),
    ("ex:S a sh:nodeShape ; sh:class ex:C .", "sh:nodeShape", f"{EX}S"),
    ("ex:S sh:class ex:C ; sh:severity sh:Waring .", "sh:Waring", f"{EX}S"),
    ("ex:S sh:nodeKind sh:Iri .", "sh:Iri", f"{EX}S"),
    ("ex:S sh:class ex:C ; sh:rule [] .", "sh:rule", f"{EX}S"),
    ("ex:S sh:path ex:p ; sh:minCount 1, 2 .", "sh:minCount is stated twice", f"{EX}S"),
    ("ex:S sh:path ex:p ; sh:qualifiedMinCount 1 .", "sh:qualifiedValueShape", f"{EX}S"),
]


@both
@pytest.mark.parametrize(("text", "what", "where"), BROKEN)
def test_engine_refuses_shapes_that_check_nothing(name, text, what, where):
    """No shape, broken Turtle, a misspelling or something missing is an error that says where."""
    with pytest.raises(AssetError) as error:
        engine(name, PREFIXES + text)
    assert what in error.value.what
    assert error.value.where == where


UNUSABLE = [
    "ex:S sh:targetNode ex:n ; sh:path ex:p ; sh:minCount 'a' .",
    "ex:S sh:targetNode ex:n ; sh:path ex:p ; sh:pattern '(' .",
    "ex:S sh:targetNode ex:n ; sh:path 'p' ; sh:minCount 1 .",
    "ex:S sh:targetNode ex:n ; sh:sparql [ sh:select 'SELEC' ] .",
    "ex:S sh:targetNode ex:n ; sh:sparql [ sh:select 'SELECT $this WHERE { $this nope:p ?x }' ] .",
]


@both
@pytest.mark.parametrize("text", UNUSABLE)
def test_engine_refuses_shapes_that_cannot_be_used(name, text):
    """A parameter that makes no sense is an error when the engine is made; the fast one names the shape."""
    with pytest.raises(AssetError, match="cannot be used") as error:
        engine(name, f"{PREFIXES} ex:Good sh:targetNode ex:n ; sh:class ex:C . {text}")
    assert error.value.where == ("" if name == "pyshacl" else f"{EX}S")


def test_fast_engine_counts_its_shapes():
    """An engine that compiled another number of shapes than there are is refused."""
    shapes = read(
        f"{PREFIXES} ex:S sh:property [ sh:path ex:p ; sh:or ([ sh:class ex:C ] [ sh:class ex:D ]) ] ."
    )
    assert shapes.count == 4
    with pytest.raises(AssetError, match="4 of 5 shapes"):
        Fast(dataclasses.replace(shapes, count=5))


@both
@pytest.mark.parametrize(
    "data", ["nonsense", "<a> <b> <c> .", f"<{EX}a> <{EX}b> .", f'<{EX}a> <{EX}b> "\ud800" .']
)
def test_engine_refuses_data_that_are_no_ntriples(name, data):
    """Text that is no N-Triples is unreadable, not conforming."""
    checker = engine(name, f"{PREFIXES} ex:S sh:targetNode ex:n ; sh:class ex:C .")
    with pytest.raises(UnreadablePayload):
        checker.validate(data)


def test_reference_failure_is_an_error_with_its_cause():
    """Where pySHACL itself fails, that is said, with the way out."""
    shapes = f"{PREFIXES} ex:S sh:targetNode ex:n ; sh:path ex:p ; sh:lessThanOrEquals ex:q ."
    data = triple("n", "p", literal("abc", "decimal")) + triple("n", "q", literal("1", "decimal"))
    with pytest.raises(FlexKGError, match="pyshacl failed") as error:
        engine("pyshacl", shapes).validate(data)
    assert (error.value.code, type(error.value.__cause__)) == ("engine", TypeError)
    assert len(engine("shacl", shapes).validate(data)) == 1


def test_engine_of_unknown_name_is_refused():
    """The error lists the names."""
    with pytest.raises(UsageError, match="shacl, pyshacl"):
        engine("jena", "")


@both
def test_engine_takes_classes_from_the_data_only(name):
    """A target needs the type alone; a subclass counts where the data state it, not where the shapes do."""
    shapes = f"{PREFIXES} ex:S sh:targetClass ex:C ; sh:class ex:E . ex:D rdfs:subClassOf ex:C ."
    checker = engine(name, shapes)
    typed = triple("n", f"<{RDF}type>", "D")
    assert len(checker.validate(triple("n", f"<{RDF}type>", "C"))) == 1
    assert checker.validate(typed) == []
    assert len(checker.validate(typed + triple("D", f"<{RDFS}subClassOf>", "C"))) == 1


@pytest.mark.parametrize("before", [True, False])
def test_reference_leaves_rdflib_as_it_was(before, monkeypatch, capfd):
    """The process's settings stay as they were, and an ill-typed literal writes nothing to the terminal."""
    monkeypatch.setattr(rdflib, "NORMALIZE_LITERALS", before)
    shapes = f"{PREFIXES} ex:S sh:targetNode ex:n ; sh:path ex:p ; sh:datatype xsd:decimal ."
    assert engine("pyshacl", shapes).validate(triple("n", "p", literal("abc", "decimal")))
    assert before is rdflib.NORMALIZE_LITERALS
    assert bool(rdflib.Literal("1", datatype=rdflib.XSD.boolean).value)
    assert capfd.readouterr() == ("", "")


@both
def test_engine_serves_several_threads(name):
    """One engine shared by threads answers each as it answers alone."""
    checker = engine(
        name, f"{PREFIXES} ex:S sh:targetSubjectsOf ex:p ; sh:path ex:p ; sh:datatype xsd:integer ."
    )
    graphs = ["".join(triple(f"n{i}", "p", literal(str(j))) for j in range(i)) for i in range(1, 9)]
    alone = [checker.validate(data) for data in graphs]
    answers: dict[int, list[Result]] = {}

    def work(index: int) -> None:
        for _ in range(3):
            answers[index] = checker.validate(graphs[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(graphs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[index] for index in range(len(graphs))] == alone


def test_fast_engine_loads_alone():
    """rdflib and pySHACL are not imported for the fast engine."""
    code = """import sys
from kg.engines import engine
engine("shacl", "<a:S> a <http://www.w3.org/ns/shacl#NodeShape> .").validate("")
print(sorted({"rdflib", "pyshacl"} & set(sys.modules)))"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_engines_have_the_names_that_make_them():
    """The name of an engine is the one it was asked for by."""
    shapes = read(f"{PREFIXES} ex:S sh:class ex:C .")
    assert (Compiled(shapes).name, Fast(shapes).name, Reference(shapes).name) == NAMES
