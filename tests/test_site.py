"""The documentation site: what its pages say, that links lead somewhere, that nothing comes from outside."""

import json
import posixpath
import re
from functools import cache
from itertools import pairwise
from urllib.parse import unquote, urlsplit

import pytest
from lxml import etree
from pyoxigraph import RdfFormat, parse

from kg import ontology, vocabulary
from kg.alignments import graph
from kg.errors import AssetError, UsageError
from kg.namespaces import FLEX, VOCAB
from kg.rules import Shapes
from kg.site import alignments, lists, questions
from kg.site.catalogue import Catalogue
from kg.site.facts import Facts, short
from kg.site.markup import Markup, join, tag
from kg.site.rules import Rule
from kg.site.terms import Module, Term
from kg.site.vocabularies import Concept, Scheme
from kg.site.write import Site, write_site
from kg.sssom import NO_TERM
from tests.ontologies import declared
from tests.paths import ROOT

SITE = Site()
CATALOGUE = SITE.catalogue
FILES = list(SITE.files())
PAGES = [file for file in FILES if file.endswith(".html")]
#: Attributes by which a browser loads something by itself.
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "ping"}


@cache
def page(file):
    """A page as a tree; a page is well-formed XML too, so that a slip in it cannot hide."""
    content = SITE.make(file)
    assert content.startswith(b"<!DOCTYPE html>\n")
    return etree.fromstring(content.removeprefix(b"<!DOCTYPE html>\n"))


def text(node):
    return " ".join("".join(node.itertext()).split())


def words(value):
    return " ".join(value.split())


def links(file):
    """Places that a page leads to: paths in the site with fragment, and whole IRIs."""
    for element in page(file).iter("a"):
        target = element.get("href")
        if urlsplit(target).scheme:
            yield target
        else:
            path, _, fragment = target.partition("#")
            place = posixpath.normpath(posixpath.join(posixpath.dirname(file), path)) if path else file
            yield unquote(place) + ("#" + fragment if fragment else "")


def file_of(iri):
    return CATALOGUE.entries[iri].file


def test_every_own_term_has_a_page():
    """No term that a module declares is left out."""
    shown = {term.name for term in CATALOGUE.terms}
    assert shown == {name for name, _ in declared().items()}
    assert all(file_of(FLEX + name) in PAGES for name in shown)


def test_every_module_has_a_page():
    """No module is left out."""
    names = {path.stem for path in ontology.modules()}
    assert {file_of(module.iri) for module in CATALOGUE.modules} == {f"modules/{name}.html" for name in names}


def test_every_concept_has_a_page():
    """No concept that the checker knows is left out, nor is a scheme."""
    for scheme in vocabulary.schemes().values():
        assert file_of(scheme.iri) in PAGES
        assert {file_of(concept.iri) for concept in scheme.concepts.values()} <= set(PAGES)


def test_every_rule_has_a_page():
    """No rule with an id is left out, whatever file it stands in."""
    rules = Shapes((ROOT / "shapes").rglob("*.ttl")).rules.values()
    assert {rule.id for rule in rules} == {rule.id for rule in CATALOGUE.rules if rule.id}
    for rule in rules:
        assert file_of(rule.shape) in PAGES


def test_file_names_differ_whatever_the_case():
    """The site can be unpacked on a file system that takes Reading and reading for the same name."""
    folded = [file.casefold() for file in FILES]
    assert len(folded) == len(set(folded))
    assert all(re.fullmatch(r"[\w.-]+(/[\w.-]+)*", file, re.ASCII) for file in FILES)


@pytest.mark.parametrize("kind", [Module, Term, Scheme, Concept, Rule])
def test_pages_say_what_is_known(kind):
    """A page shows the definition, examples, sources and all else that a record holds."""
    for entry in CATALOGUE.entries.values():
        record = entry.record
        if isinstance(record, kind):
            said = text(page(entry.file))
            for value in _told(record):
                assert words(value) in said, (entry.file, value)


def _told(record):
    match record:
        case Module():
            return record.title, record.description, record.iri, record.version
        case Term():
            return record.definition, record.label, record.iri, record.kind, *record.examples, *record.sources
        case Scheme():
            return record.title, record.description, record.iri, *(c.definition for c in record.concepts)
        case Concept():
            return record.definition, record.label, record.notation, record.iri, *record.sources
        case Rule():
            shown = (record.id, record.title, record.description, record.message, record.cure, record.iri)
            return *shown, *record.sources, record.severity if record.id else ""


def test_definitions_are_not_empty():
    """Each page has a first sentence that says what the thing is."""
    missing = [
        entry.file
        for entry in CATALOGUE.entries.values()
        if not isinstance(entry.record, Rule) and not text(page(entry.file).find(".//p[@class='lead']"))
    ]
    assert missing == []


@cache
def anchors(file):
    return {element.get("id") for element in page(file).iter() if element.get("id")}


def test_links_lead_somewhere():
    """Each link inside the site leads to a file of it, and to an element of that page where it says so."""
    for file in PAGES:
        for target in links(file):
            if not urlsplit(target).scheme:
                path, _, fragment = target.partition("#")
                assert path in FILES, (file, target)
                assert not fragment or fragment in anchors(path), (file, target)


def test_pages_are_reached_from_the_index():
    """Nobody needs to know an address: all pages hang together."""
    seen, queue = {"index.html"}, ["index.html"]
    while queue:
        for target in links(queue.pop()):
            path = target.partition("#")[0]
            if path in PAGES and path not in seen:
                seen.add(path)
                queue.append(path)
    optional = {"alignments.html", "questions.html"}
    assert set(PAGES) - seen <= optional | {
        entry.file for entry in CATALOGUE.entries.values() if _is_frame(entry.record)
    }


def _is_frame(record):
    """Whether a shape only brings others together and none of these has a page that names it."""
    return isinstance(record, Rule) and not record.id


def test_nothing_is_loaded_from_outside():
    """A page asks its own site for everything: no address of another host, no script or style in the page."""
    for file in PAGES:
        for element in page(file).iter(etree.Element):
            name = etree.QName(element).localname
            assert name != "style", file
            assert name != "script" or not (element.text or "").strip(), file
            for key, value in element.attrib.items():
                assert key != "style", (file, name)
                assert not key.startswith("on"), (file, key)
                if key in LOADING or (name == "link" and key == "href"):
                    assert not urlsplit(value).scheme, (file, value)
                    assert not value.startswith("//"), (file, value)
                    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), value))
                    assert path in FILES, (file, value)


@pytest.mark.parametrize("file", sorted(SITE.static))
def test_static_files_name_no_other_host(file):
    """Neither style nor script loads anything; what stands in them is ours."""
    content = SITE.static[file].read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|@import|url\(|//\w+\.\w+/", content)


def test_the_script_is_small():
    """The search needs no framework."""
    assert len(SITE.static["search.js"].read_text("utf-8").splitlines()) <= 100


def test_pages_can_be_read_by_everyone():
    """A page names its language and title, has one main heading, a way past its head and labelled fields."""
    for file in PAGES:
        root = page(file)
        assert root.get("lang") == "en"
        assert text(root.find("head/title"))
        assert root.find("head/meta[@name='viewport']") is not None
        assert [level.tag for level in root.iter("h1")] == ["h1"], file
        body = root.find("body")
        assert body[0].tag == "a"
        assert body[0].get("href") == "#main"
        assert root.find(".//main[@id='main']") is not None
        ids = [element.get("id") for element in root.iter(etree.Element) if element.get("id")]
        assert len(ids) == len(set(ids)), file
        labelled = {label.get("for") for label in root.iter("label")}
        assert all(field.get("id") in labelled for field in root.iter("input")), file
        assert all(cell.get("scope") == "col" for cell in root.iter("th")), file
        assert all(text(link) for link in root.iter("a")), file


def test_rules_and_terms_link_both_ways():
    """A rule's page leads to what the rule speaks of, and the page of each of these leads back."""
    for rule in CATALOGUE.rules:
        for iri in rule.mentions if rule.id else ():
            if iri in CATALOGUE.entries:
                assert file_of(iri) in set(links(file_of(rule.iri))), (rule.id, iri)
                assert file_of(rule.iri) in set(links(file_of(iri))), (rule.id, iri)


def test_rules_speak_of_their_paths_and_targets():
    """What a rule constrains is found through lists, paths and the shape that it belongs to."""
    rule = next(rule for rule in CATALOGUE.rules if rule.id == "SIG-10")
    assert {FLEX + "Signal", FLEX + "item", FLEX + "itemBase"} <= set(rule.mentions)
    assert VOCAB + "signalName/DEMAND_CHARGE" in rule.mentions
    assert FLEX + "cure" not in rule.mentions
    part = next(rule for rule in CATALOGUE.rules if rule.id == "EVT-1")
    assert part.targets == (FLEX + "Event",)


def test_rules_show_each_level():
    """Where another level of strictness judges a rule otherwise, its page and the list say so."""
    overridden = [rule for rule in CATALOGUE.rules if rule.levels]
    assert {rule.id for rule in overridden} >= {"EVT-2", "INT-4"}
    for rule in overridden:
        for level, severity in rule.levels:
            assert f"{level}: {severity}" in text(page(file_of(rule.iri)))


def test_response_codes_list_their_rules():
    """The page of a response code leads to the rules that answer with it."""
    for iri, rules in CATALOGUE.rules_answering.items():
        assert {file_of(rule.iri) for rule in rules} <= set(links(file_of(iri)))


def test_the_catalogue_lists_all_rules():
    """rules.html names each rule with its id, severity and clause."""
    rows = {text(row[0]): text(row) for row in page("rules.html").iter("tr") if row[0].tag == "td"}
    named = [rule for rule in CATALOGUE.rules if rule.id]
    assert rows.keys() == {rule.id for rule in named}
    for rule in named:
        assert rule.severity in rows[rule.id]
        assert all(words(source) in rows[rule.id] for source in rule.sources)


def test_terms_show_their_alignments():
    """Each row about an own term stands on its page and in the list of all."""
    for row in CATALOGUE.alignments:
        if row.subject in CATALOGUE.entries:
            said = text(page(file_of(row.subject)))
            if row.object == NO_TERM:
                assert (words(row.object_label) or "no such term") in said
            else:
                assert short(row.object, CATALOGUE.prefixes) in said
                assert row.object in set(links("alignments.html"))


def test_properties_lead_to_their_classes_and_back():
    """The page of a property leads to its domain and range, and their pages lead to it."""
    for term in CATALOGUE.terms:
        for iri in (*term.domains, *term.ranges):
            if iri in CATALOGUE.entries:
                assert file_of(iri) in set(links(file_of(term.iri)))
                assert file_of(term.iri) in set(links(file_of(iri)))


def test_modules_have_diagrams():
    """Each module with classes has a picture with a name and a text, in which all its classes stand."""
    for module in CATALOGUE.modules:
        classes = [term for term in module.terms if term.kind == "class"]
        svg = page(file_of(module.iri)).find(".//{*}svg")
        assert (svg is not None) == bool(classes), module.name
        if svg is not None:
            named = {text(name) for name in svg.iter("{*}text")}
            assert {term.name for term in classes} <= named
            assert text(svg.find("{*}title"))
            assert text(svg.find("{*}desc")).startswith(f"{len(classes)} classes")
            by = svg.get("aria-labelledby").split()
            assert by == [svg.find("{*}title").get("id"), svg.find("{*}desc").get("id")]


def test_every_piece_of_a_line_has_a_direction():
    """A head at the end of a piece without length points anywhere, most often out of sight."""
    pairs = 0
    for file in PAGES:
        if file.startswith("modules/"):
            for path in re.findall(r'<path d="(M[^"]*C[^"]*)"', SITE.make(file).decode()):
                points = [piece.split()[-2:] for piece in path[1:].split("C")]
                pairs += len(points) - 1
                assert all(a != b for a, b in pairwise(points)), f"{file}: {path}"
    assert pairs > 100


def test_long_lists_can_be_jumped_through():
    """Lists in parts begin with a link to each part, and each link leads to one."""
    for file in ("terms.html", "rules.html", "alignments.html"):
        root = page(file)
        ids = {node.get("id") for node in root.iter() if node.get("id")}
        (nav,) = [node for node in root.iter("nav") if node.get("class") == "contents"]
        links = [node.get("href")[1:] for node in nav.iter("a")]
        assert len(links) == len(set(links)) > 10
        assert set(links) <= ids


def test_diagrams_draw_subclasses_and_properties():
    """The text of a diagram tells each edge that is drawn."""
    told = text(page("modules/event.html").find(".//{*}desc"))
    assert "DistributeEvent is a Message" in told
    assert "EventVersion to Event by versionOf" in told


def test_the_search_index_names_all_pages():
    """Each entry of the index leads to a page, and each term, concept and rule with an id is in it."""
    rows = json.loads(SITE.make("search.json"))
    files = {file for _, _, file, _ in rows}
    assert files <= set(PAGES)
    wanted = {e.file for e in CATALOGUE.entries.values() if not isinstance(e.record, Rule) or e.record.id}
    assert files == wanted
    assert all(name and kind for name, kind, _, _ in rows)


def test_list_pages_are_made():
    """Each list of the head is a page."""
    assert set(lists.PAGES) <= set(PAGES)


def _colours(css):
    """Variables of the light and of the dark scheme."""
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", part)) for part in css.split("@media (prefers", 1)
    )
    return {"light": light, "dark": light | dark}


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "raised"])
@pytest.mark.parametrize("front", ["text", "quiet", "link", "violation", "warning", "info"])
def test_colours_have_contrast(scheme, ground, front):
    """Text is readable on what it stands on (WCAG 2.2, 1.4.3: 4.5 to 1), by day and by night."""
    colours = _colours(SITE.static["site.css"].read_text("utf-8"))[scheme]
    assert _contrast(colours[front], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_head_has_contrast(scheme):
    """The head of each page is readable too."""
    colours = _colours(SITE.static["site.css"].read_text("utf-8"))[scheme]
    assert _contrast(colours["on-accent"], colours["accent"]) >= 4.5


def _contrast(one, other):
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_write_site_writes_all_files(tmp_path):
    """What is written is what is made, and a second run replaces it."""
    assert write_site(tmp_path / "site") == len(FILES)
    found = {
        p.relative_to(tmp_path / "site").as_posix() for p in (tmp_path / "site").rglob("*") if p.is_file()
    }
    assert found == set(FILES)
    assert (tmp_path / "site" / "Event.html").read_bytes() == SITE.make("Event.html")


def test_write_site_refuses_a_file(tmp_path):
    """A folder that cannot be written to is named."""
    (tmp_path / "site").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        write_site(tmp_path / "site")


@pytest.mark.parametrize("file", ["Nothing.html", "", "../pyproject.toml", "static/site.css", "/etc/passwd"])
def test_unknown_files_are_not_made(file):
    """Only files of the site are given."""
    assert SITE.make(file) is None


@pytest.mark.parametrize(
    "made",
    [
        tag("p", "<script>alert(1)</script>"),
        tag("a", "x", href='"><script>alert(1)</script>'),
        join("<script>", by="<b>"),
        tag("p", ["<script>", None, ["&", tag("b", "<")]]),
    ],
)
def test_markup_escapes(made):
    """What a file says stays text, in an element and in an attribute."""
    assert isinstance(made, Markup)
    assert "<script" not in made
    etree.fromstring(f"<x>{made}</x>")


def test_facts_name_the_line_of_a_slip(tmp_path):
    """Broken Turtle is told with file and line."""
    path = tmp_path / "broken.ttl"
    path.write_text("@prefix : <https://example.org/> .\n:a :b .\n", encoding="utf-8")
    with pytest.raises(AssetError, match="no Turtle") as caught:
        Facts([path])
    assert f"{path}:2" in caught.value.where


def test_alignments_read_their_prefixes(tmp_path):
    """Prefixes of a table are those of its own head; a term that the other side lacks stays apart."""
    path = tmp_path / "a.sssom.tsv"
    path.write_text(
        "#curie_map:\n#  ex: https://example.org/\n#  flex: https://w3id.org/flexkg/def#\n"
        "#mapping_set_id: https://example.org/set\n#license: https://example.org/terms\nsubject_id\tpredicate_id\tobject_id\t"
        "mapping_justification\nflex:Event\tskos:closeMatch\tex:Call\tsemapv:ManualMappingCuration\n",
        encoding="utf-8",
    )
    (row,), prefixes = alignments.read([path])
    assert (row.subject, row.object) == (FLEX + "Event", "https://example.org/Call")
    assert row.grounds == "manual mapping curation"
    assert prefixes["ex"] == "https://example.org/"


def test_questions_are_listed(tmp_path):
    """Each competency question is a row of the list, and leads to its module."""
    path = tmp_path / "requirements.csv"
    path.write_text('id,question,module\nQ1,"Who, and when?",event\nQ2,What?,none\n', encoding="utf-8")
    catalogue = Catalogue()
    catalogue.questions = questions.read(path)
    made = etree.fromstring(lists.page(catalogue, "questions.html").removeprefix(b"<!DOCTYPE html>\n"))
    assert [text(row) for row in made.iter("tr")] == [
        "IdQuestionModule",
        "Q1Who, and when?event",
        "Q2What?none",
    ]
    assert "modules/event.html" in {link.get("href") for link in made.iter("a")}


def test_questions_refuse_a_ragged_row(tmp_path):
    """A comma too many is told with the row that has it."""
    path = tmp_path / "requirements.csv"
    path.write_text("id,question\nQ1,Who, and when?\n", encoding="utf-8")
    with pytest.raises(AssetError, match="question 1 has 3 cells"):
        questions.read(path)


def test_alignments_refuse_a_table_without_subjects(tmp_path):
    """A table that is none is named."""
    path = tmp_path / "a.sssom.tsv"
    head = "#mapping_set_id: https://example.org/set\n#license: https://example.org/terms\n"
    path.write_text(head + "#curie_map:\n#  a: b\n" + "one\ttwo\n1\t2\n", encoding="utf-8")
    with pytest.raises(AssetError, match="subject_id"):
        alignments.read([path])


def test_alignments_are_there_as_turtle():
    """alignments.ttl says in OWL and SKOS what the tables say, and the list of alignments leads to it."""
    made = {str(quad.triple) for quad in parse(SITE.make("alignments.ttl"), format=RdfFormat.TURTLE)}
    named = {line for line in map(str, made) if "_:" not in line}
    assert named == {
        str(quad.triple)
        for quad in parse(graph(), format=RdfFormat.N_TRIPLES)
        if "_:" not in str(quad.triple)
    }
    assert "alignments.ttl" in set(links("alignments.html"))
