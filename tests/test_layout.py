"""Where things live: imports run one way, heavy packages have one door, modules are small and nouns."""

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random

import pytest

from bench.payloads import KINDS, fresh
from kg.namespaces import PREFIXES
from tests.paths import ROOT

PACKAGES = ("kg", "api", "bench")
#: From the top down; a module may reach those further down only, by whatever way.
LAYERS = (
    {"cli"},
    {"tenants"},
    {"service"},
    {"openadr", "activation"},
    {"ingest"},
    {"ontology"},
    {"check"},
    {"lift", "lower"},
    {"sparql"},
    {"journal", "graphs", "readings"},
    {"xml", "assets"},
    {"errors", "namespaces"},
)
#: Packages that come in by one door, and the module that is it.
DOORS = {
    "pyshacl": {"kg.engines.reference"},
    "shacl": {"kg.engines.fast"},
    "owlrl": {"kg.closure"},
    "rdflib": {"kg.engines.reference", "kg.engines.spelling", "kg.closure"},
    "joserfc": {"kg.checkpoints", "kg.identity.keyring", "kg.identity.proofs", "kg.identity.tokens"},
    "rfc3161_client": {"kg.timestamps"},
    "duckdb": {"kg.readings.tables"},
    "clickhouse_connect": {"kg.readings.clickhouse.connected"},
    "pyarrow": {"kg.readings.forms"},
    "openleadr": {"kg.openadr.openleadr_client"},
    "aiohttp": {"kg.openadr.proxy", "kg.openadr.listening", "kg.gateway.door"},
    "pymodbus": {"kg.gateway.modbus"},
    "c104": {"kg.gateway.iec104", "kg.gateway.iec104_calls"},
    "open61850": {"kg.gateway.mms"},
    "ocpp": {"kg.gateway.charging_points"},
    "bacpypes3": {"kg.gateway.bacnet"},
    "s2python": {"kg.gateway.s2"},
}
#: Modules that read or write RDF files and terms with pyoxigraph; the store is another matter.
PARSERS = {
    "kg.axioms",
    "kg.devices.graph",
    "kg.diff",
    "kg.engines.compiled",
    "kg.engines.shapes",
    "kg.engines.slips",
    "kg.engines.spelling",
    "kg.graphs.embedded",
    "kg.graphs.endpoint",
    "kg.graphs.endpoint_answer",
    "kg.graphs.formats",
    "kg.graphs.oxigraph",
    "kg.imported",
    "kg.imports",
    "kg.mentions",
    "kg.ontology",
    "kg.ownership",
    "kg.profiles",
    "kg.rdf",
    "kg.rules",
    "kg.skos",
    "kg.sparql.worker",
    "kg.statements",
    "kg.unfold",
}
#: Folders whose modules all read ontology files.
PARSER_PACKAGES = ("kg.site.",)
#: The embedded back end, and the worker, which reads its snapshots and loads nothing else.
STORES = {"kg.graphs.oxigraph", "kg.graphs.embedded", "kg.sparql.worker"}
VAGUE = re.compile(
    r"_?(utils?|helpers?|managers?|common|core|misc|base|tools?|lib|shared|general|handlers?|stuff|types|consts?"
    r"|constants|functions|process(or)?|main_?\d*)"
)
#: What a check must not load: each costs more than the whole check.
HEAVY = {
    *("rdflib", "pyshacl", "openleadr", "owlrl", "fastapi", "uvicorn", "pydantic", "typer", "rich", "duckdb"),
    *("signxml", "aiohttp", "jinja2", "xmltodict", "cryptography", "sqlite3", "joserfc"),
    *("clickhouse_connect", "pymodbus", "c104", "open61850", "ocpp", "bacpypes3", "s2python"),
}


@cache
def modules() -> dict[str, Path]:
    """Module name -> file, of all packages here."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def imports(name: str) -> frozenset[str]:
    """Everything that a module imports, anywhere in it: modules, and names of modules."""
    tree = ast.parse(modules()[name].read_text("utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: write imports in full"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
            found.add(str(node.module))
    return frozenset(found)


def package_of(name: str) -> str:
    """Name of the module, or of the package that it is in, directly below ``kg``."""
    return name.split(".")[1] if "." in name else ""


@cache
def reached() -> dict[str, set[str]]:
    """Modules and packages of kg -> all others that they reach, however far."""
    names = {package_of(name) for name in modules() if name.startswith("kg.")}
    direct: dict[str, set[str]] = {name: set() for name in names}
    for name in modules():
        if name.startswith("kg."):
            used = {package_of(i) for i in imports(name) if i.startswith("kg.")}
            direct[package_of(name)] |= (used & names) - {package_of(name)}
    found = {}
    for name in names:
        seen: set[str] = set()
        open_ = list(direct[name])
        while open_:
            one = open_.pop()
            if one not in seen:
                seen.add(one)
                open_ += direct[one]
        found[name] = seen
    return found


def test_imports_run_one_way():
    """No module of kg reaches itself: the stages of a payload's way have an order."""
    assert {name for name, seen in reached().items() if name in seen} == set()


@pytest.mark.parametrize("level", range(1, len(LAYERS)))
def test_layers_import_downwards(level):
    """A layer of the architecture reaches nothing above it, nor beside it."""
    above = set().union(*LAYERS[:level])
    wrong = {(name, other) for name in LAYERS[level] & set(reached()) for other in reached()[name] & above}
    assert wrong == set()


def test_kg_does_not_import_the_service():
    """The library knows nothing of the service's process; the command line starts it when asked to."""
    wrong = {
        name for name in modules() if name.startswith("kg") for i in imports(name) if i.split(".")[0] == "api"
    }
    assert wrong <= {"kg.cli"}
    tree = ast.parse(modules()["kg.cli"].read_text("utf-8"))
    outside = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [node for node in outside if (getattr(node, "module", "") or "").split(".")[0] == "api"] == []


@pytest.mark.parametrize("package", DOORS)
def test_packages_come_in_by_one_door(package):
    """What could be replaced one day is imported where it would be replaced."""
    users = {name for name in modules() if any(i.split(".")[0] == package for i in imports(name))}
    users = {name for name in users if not name.startswith("bench")}
    assert users <= DOORS[package]


def test_fastapi_is_the_services_alone():
    """The library has no web framework in it."""
    users = {
        name for name in modules() if any(i.split(".")[0] in ("fastapi", "starlette") for i in imports(name))
    }
    assert {name for name in users if not name.startswith("api")} == set()


def test_the_store_has_one_door():
    """pyoxigraph's store is used in these modules; its parser and terms in those listed here."""
    parsers, stores = set(), set()
    for name, path in modules().items():
        if any(i.split(".")[0] == "pyoxigraph" for i in imports(name)):
            parsers.add(name)
            tree = ast.parse(path.read_text("utf-8"))
            if "pyoxigraph.Store" in imports(name) or any(
                isinstance(node, ast.Attribute) and node.attr == "Store" for node in ast.walk(tree)
            ):
                stores.add(name)
    assert {name for name in stores if not name.startswith("bench")} <= STORES
    assert {n for n in parsers - PARSERS if not n.startswith((*PARSER_PACKAGES, "bench"))} == set()


@pytest.mark.parametrize("name", modules())
def test_modules_are_small_and_named_by_nouns(name):
    """No module has more than 300 lines, nor a name that anything could be put under."""
    path = modules()[name]
    assert len(path.read_text("utf-8").splitlines()) <= 300
    assert not VAGUE.fullmatch(path.stem.removesuffix("s"))
    assert not VAGUE.fullmatch(path.stem)
    assert path.stem == path.stem.lower()


def test_prefixes_are_written_once():
    """ontology/prefixes.ttl, for people, and kg/namespaces.py hold the same prefixes."""
    text = (ROOT / "ontology" / "prefixes.ttl").read_text("utf-8")
    found = re.findall(r"^@prefix (\w*): <([^>]*)> \.$", text, re.MULTILINE)
    assert dict(found) == PREFIXES
    assert len(found) == len(PREFIXES)


def loaded(code: str, *, data: bytes = b"") -> set[str]:
    """Top-level names of the modules that a new Python has loaded after some code."""
    code += "\nimport json, sys\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True, cwd=ROOT)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_kg_loads_nothing_heavy():
    """A gateway that embeds kg pays for what it uses."""
    assert loaded("import kg") & HEAVY == set()


@pytest.mark.parametrize("kind", KINDS)
def test_checking_loads_nothing_heavy(kind):
    """A check with the engine for every day loads neither rdflib nor pyshacl nor openleadr."""
    data = fresh(kind, 1, 1, Random(1))[0]
    code = "import sys, kg\nassert kg.check(sys.stdin.buffer.read()).message_type"
    assert loaded(code, data=data) & HEAVY == set()
