"""/openapi.json describes what is served, with examples that hold."""

import pytest

from tests.messages import event


@pytest.fixture
def document(checking):
    return checking.get("/openapi.json").json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def walk(node):
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def test_document_is_openapi_3_1(document):
    """With the package's name, version and licence."""
    assert document["openapi"].startswith("3.1")
    assert (document["info"]["title"], document["info"]["license"]["identifier"]) == ("FlexKG", "Apache-2.0")
    served = {(method, path) for method, path, _ in operations(document)}
    assert served >= {
        ("POST", "/check"),
        ("POST", "/payloads"),
        ("GET", "/sparql"),
        ("POST", "/sparql"),
        ("GET", "/health"),
    }


def test_references_resolve(document):
    """Each $ref leads to a component, and each component is used."""
    found = {node["$ref"] for node in walk(document) if "$ref" in node}
    for reference in found:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        assert node
    assert {f"#/components/schemas/{name}" for name in document["components"]["schemas"]} == found


def test_every_operation_is_described(document):
    """A sentence for each, a description for each answer, problems for each error."""
    for _, _, operation in operations(document):
        assert operation["description"].endswith(".")
        for status, answer in operation["responses"].items():
            assert answer["description"]
            if status >= "4":
                assert list(answer["content"]) == ["application/problem+json"]


def test_payload_examples_conform(checking, document):
    """Who copies the example gets what the page promises."""
    for path in ("/check", "/payloads"):
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/xml"]
        answer = checking.post("/check", content=content["example"])
        assert answer.json()["verdict"] == "conforms"


def test_query_examples_are_answered(client, document):
    """In the address, the form and the body."""
    client.post("/payloads", content=event())
    (parameter,) = (p for p in document["paths"]["/sparql"]["get"]["parameters"] if p["name"] == "query")
    bodies = document["paths"]["/sparql"]["post"]["requestBody"]["content"]
    form = bodies["application/x-www-form-urlencoded"]["schema"]["properties"]["query"]["example"]
    direct = bodies["application/sparql-query"]["example"]
    example = next(node["examples"][0] for node in walk(parameter) if "examples" in node)
    for query in (example, form, direct):
        rows = client.get("/sparql", params={"query": query}).json()["results"]["bindings"]
        assert [row["id"]["value"] for row in rows] == ["E-1"]


def test_models_describe_what_is_answered(client, document):
    """The members of report, receipt, refusal and health are those of the models."""
    models = document["components"]["schemas"]
    bad = client.post("/check", content=event(hours=2)).json()
    assert set(bad) == set(models["ReportModel"]["properties"])
    assert set(bad["violations"][0]) == set(models["ViolationModel"]["properties"])
    assert set(models["ViolationModel"]["example"]) == set(models["ViolationModel"]["properties"])
    taken = client.post("/payloads", content=event()).json()
    assert set(taken) == set(models["ReceiptModel"]["properties"])
    refused = client.post("/payloads", content=event(hours=2)).json()
    assert set(refused) >= set(models["RefusalModel"]["required"])
    assert set(client.get("/health").json()) == set(models["Health"]["properties"])
