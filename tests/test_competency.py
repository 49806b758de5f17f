"""Competency questions: each is asked of one store, and answered as expected.

The store holds the payloads of the examples and of this folder, what messages do not say (``world.ttl``), the
closed ontology with its concepts and alignments, and the shapes.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.graphs import META
from kg.graphs.embedded import EmbeddedGraphs
from kg.namespaces import PREFIXES
from kg.sparql.gate import refuse
from tests.ontologies import CIM, MODULES, declared
from tests.paths import ROOT
from tests.world import FOLDER, PAYLOADS, world

PAGE = ROOT / "docs" / "competency.md"
READERS = {"aggregator", "gateway developer", "ontology engineer"}
COLUMNS = ["id", "question", "reader", "module", "source"]
QUESTIONS = list(csv.DictReader((ROOT / "ontology" / "requirements.csv").read_text("utf-8").splitlines()))
KNOWN = PREFIXES | {"cim": CIM, "sssom": "https://w3id.org/sssom/"}
each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda row: row["id"])


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedGraphs]:
    """The store that the questions are asked of."""
    with world(tmp_path_factory.mktemp("world") / "store") as graphs:
        yield graphs


def answer(graphs: EmbeddedGraphs, text: str) -> str:
    """The answer to a query as CSV, rows sorted."""
    names = [name for name in graphs.graphs() if name != META]
    found = graphs.query(text, default_graph=names, named_graphs=names)
    head, *rows = found.serialize("text/csv").decode().replace("\r\n", "\n").splitlines()
    return "\n".join([head, *sorted(rows)]) + "\n"


def query_of(question: dict[str, str]) -> str:
    return (FOLDER / f"{question['id']}.rq").read_text("utf-8")


@each_question
def test_question_is_answered(graphs: EmbeddedGraphs, question, update_golden) -> None:
    """The query gives the expected rows, and there is at least one."""
    found = answer(graphs, query_of(question))
    golden = FOLDER / f"{question['id']}.csv"
    if update_golden:
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text("utf-8")
    assert len(list(csv.reader(io.StringIO(found)))) > 1


@each_question
def test_query_could_be_asked_of_the_service(question) -> None:
    """Each query passes the gate before users' queries, and declares just the prefixes that it uses."""
    text = query_of(question)
    refuse(text)
    stated = dict(re.findall(r"^PREFIX (\w+): <([^>]+)>$", text, re.MULTILINE))
    body = re.sub(r'"[^"]*"|<[^<>\s]*>', "", re.sub(r"^PREFIX.*$", "", text, flags=re.MULTILINE))
    assert stated == {prefix: KNOWN[prefix] for prefix in re.findall(r"(?<![\w?])([a-z]\w*):(?=[\w)])", body)}


@each_question
def test_query_uses_terms_that_exist(question) -> None:
    """A misspelt term would give an empty answer or, in an optional part, none at all."""
    used = set(re.findall(r"\bflex:(\w+)", re.sub(r'"[^"]*"', "", query_of(question))))
    assert used <= set(declared())


def test_requirements_are_whole() -> None:
    """At least 45 questions, each with its reader, its module and a source; all modules have one."""
    assert list(QUESTIONS[0]) == COLUMNS
    assert len(QUESTIONS) >= 45
    assert [row["id"] for row in QUESTIONS] == [f"CQ-{n:02}" for n in range(1, len(QUESTIONS) + 1)]
    assert len({row["question"] for row in QUESTIONS}) == len(QUESTIONS)
    assert all(row["question"].endswith("?") and row["source"] for row in QUESTIONS)
    assert {row["reader"] for row in QUESTIONS} == READERS
    assert {row["module"] for row in QUESTIONS} == {path.stem for path in MODULES}


def test_folder_holds_what_is_asked_and_no_more() -> None:
    """Each question has a query and an answer; no file is left over."""
    ids = {row["id"] for row in QUESTIONS}
    assert {path.stem for path in FOLDER.glob("*.rq")} == ids
    assert {path.stem for path in FOLDER.glob("*.csv")} == ids
    assert {path.name for path in FOLDER.glob("*.[xj]*") if path.suffix in (".xml", ".json")} == {
        Path(path).name for path in PAYLOADS if path.startswith("tests/competency/")
    }


def page() -> str:
    """The page of the documentation."""
    rows = [
        f"| {row['id']} | {row['question']} | {row['reader']} | {row['module']} | {row['source']} |"
        f" [{row['id']}.rq](../tests/competency/{row['id']}.rq) |"
        for row in QUESTIONS
    ]
    return f"""\
# Competency questions

What the ontology has to be able to answer: {len(QUESTIONS)} questions of three readers, over all modules.
Each is a SPARQL query, asked by a test of a store that holds the payloads of the examples, a small world of
parties, devices and market facts ([world.ttl](../tests/competency/world.ttl)), the closed ontology with its
alignments, and the rules. The expected answer lies beside each query.

This page is made from `ontology/requirements.csv`: `pytest tests/test_competency.py --update-golden`.

| id | question | reader | module | source | query |
|---|---|---|---|---|---|
""" + "".join(f"{row}\n" for row in rows)


def test_page_lists_every_question(update_golden) -> None:
    """docs/competency.md is what the table of requirements says."""
    if update_golden:
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text("utf-8") == page()
