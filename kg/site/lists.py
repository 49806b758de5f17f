"""Pages that list: the index of modules, all terms, vocabularies, rules, alignments and questions."""

from collections.abc import Callable
from itertools import groupby
from typing import Final

from kg.namespaces import FLEX, MODULE, VERSION
from kg.site import rules
from kg.site.catalogue import Catalogue
from kg.site.frame import Frame, anchor, contents, facts_list, section, severity, table
from kg.site.markup import Child, join, tag

_USE: Final = f"""@prefix flex: <{FLEX}> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .

<https://example.org/mine> a owl:Ontology ; owl:imports <{MODULE}event> .

$ flexkg ontology check mine.ttl"""


def _without_name(title: str) -> str:
    """Leave the product's name out where a list is all its own."""
    rest = title.removeprefix("FlexKG ")
    return rest[0].upper() + rest[1:] if rest != title else title


def page(catalogue: Catalogue, file: str) -> bytes:
    """Make a list.

    Args:
        catalogue: all that has a page.
        file: one of ``PAGES``.

    Returns:
        HTML as UTF-8.
    """
    return PAGES[file](Frame(catalogue, file))


def _index(frame: Frame) -> bytes:
    catalogue = frame.catalogue
    rows: list[tuple[Child, ...]] = [
        (
            frame.link(module.iri, _without_name(module.title)),
            str(sum(term.own for term in module.terms) or ""),
            module.description,
        )
        for module in catalogue.modules
    ]
    concepts = sum(len(scheme.concepts) for scheme in catalogue.schemes)
    counted = sum(bool(rule.id) for rule in catalogue.rules)
    what = (
        "The meaning of messages about flexibility of energy use: events, reports, opts and registrations, "
        "the parties and devices behind them, and the market around them."
    )
    return frame.page(
        "FlexKG ontology",
        tag("header", tag("h1", "FlexKG ontology"), class_="thing"),
        tag("p", what, class_="lead"),
        facts_list(
            ("Version", VERSION),
            (
                "Holds",
                join(
                    tag("a", f"{len(catalogue.terms)} terms", href="terms.html"),
                    f" in {len(catalogue.modules)} modules, ",
                    tag("a", f"{concepts} concepts", href="vocabularies.html"),
                    f" in {len(catalogue.schemes)} vocabularies, ",
                    tag("a", f"{counted} rules", href="rules.html"),
                ),
            ),
            ("Namespace", tag("code", FLEX)),
            ("Prefix", tag("code", "flex")),
            ("Licence", frame.link("https://www.apache.org/licenses/LICENSE-2.0", "Apache-2.0")),
        ),
        section("Modules", table("Modules of the ontology", ("Module", "Terms", "Holds"), rows)),
        section(
            "Use it",
            tag("p", "A file of your own that rests on a module, and what looks it through, offline:"),
            tag("pre", tag("code", _USE), tabindex="0"),
            tag(
                "p",
                "On a running service each term answers in Turtle or JSON-LD where that is asked for, ",
                "by its IRI's last part below ",
                tag("code", "/ontology/"),
                ".",
            ),
        ),
        description=what,
    )


def _terms(frame: Frame) -> bytes:
    terms = sorted(frame.catalogue.terms, key=lambda term: (term.name.casefold(), term.name))
    parts, letters = [], []
    for letter, group in groupby(terms, key=lambda term: term.name[0].upper()):
        rows: list[tuple[Child, ...]] = [
            (frame.link(term.iri), term.kind, frame.link(term.module), term.definition) for term in group
        ]
        shown = table(f"Terms with {letter}", ("Term", "Kind", "Module", "Definition"), rows)
        parts.append(section(letter, shown, id_=anchor(letter)))
        letters.append(letter)
    return frame.page(
        "Terms",
        tag("h1", "Terms"),
        tag("p", "All classes and properties of the ontology, by name.", class_="lead"),
        contents(letters),
        *parts,
        description="All classes and properties of the FlexKG ontology.",
    )


def _vocabularies(frame: Frame) -> bytes:
    rows: list[tuple[Child, ...]] = [
        (frame.link(scheme.iri, scheme.title), str(len(scheme.concepts)), scheme.description)
        for scheme in sorted(frame.catalogue.schemes, key=lambda scheme: scheme.title.casefold())
    ]
    return frame.page(
        "Vocabularies",
        tag("h1", "Vocabularies"),
        tag("p", "Each enumeration is a concept scheme, each of its values a concept.", class_="lead"),
        table("All vocabularies", ("Vocabulary", "Concepts", "Holds"), rows),
        description="All concept schemes of the FlexKG ontology.",
    )


def _rules(frame: Frame) -> bytes:
    parts, titles = [], []
    named = [rule for rule in frame.catalogue.rules if rule.id]
    for file, group in groupby(named, key=lambda rule: rule.file):
        rows: list[tuple[Child, ...]] = [
            (
                frame.link(rule.iri, rule.id),
                severity(rule),
                join(frame.links(rule.targets)),
                rule.description or rule.message,
                join(*rule.sources, by=tag("br")),
            )
            for rule in group
        ]
        columns = ("Rule", "Severity", "About", "Asks for", "Source")
        titles.append(rules.heading(file))
        shown = table(f"Rules of shapes/{file}", columns, rows)
        parts.append(section(rules.title(file), shown, id_=anchor(titles[-1])))
    return frame.page(
        "Rules",
        tag("h1", "Rules"),
        tag(
            "p",
            "What is asked of messages and of ontologies. A violation breaks what a standard says must be, "
            "a warning what it says should be, an info is advice.",
            class_="lead",
        ),
        contents(titles),
        *parts,
        description="The catalogue of rules of FlexKG.",
    )


def _alignments(frame: Frame) -> bytes:
    parts, titles = [], []
    for title, group in groupby(frame.catalogue.alignments, key=lambda row: row.table):
        rows: list[tuple[Child, ...]] = [
            (
                frame.link(row.subject),
                *frame.aligned(row),
                row.confidence,
                row.comment,
            )
            for row in group
        ]
        columns = ("Own term", "Relation", "Other term", "Confidence", "Why")
        titles.append(title.removeprefix("FlexKG to "))
        parts.append(section(title, table(title, columns, rows), id_=anchor(titles[-1])))
    return frame.page(
        "Alignments",
        tag("h1", "Alignments"),
        tag("p", "How own terms relate to those of other vocabularies, and on what grounds.", class_="lead"),
        tag("p", tag("a", "The same as OWL and SKOS, in Turtle.", href="alignments.ttl")),
        contents(titles) if titles else None,
        *(parts or [tag("p", "No alignment is recorded.")]),
        description="Alignments of the FlexKG ontology with other vocabularies.",
    )


def _questions(frame: Frame) -> bytes:
    catalogue = frame.catalogue
    names = {module.name: module.iri for module in catalogue.modules}
    rows: list[tuple[Child, ...]] = [
        tuple(
            frame.link(names[cell], cell) if column == "module" and cell in names else cell
            for column, cell in zip(catalogue.questions.columns, row, strict=True)
        )
        for row in catalogue.questions.rows
    ]
    columns = tuple(name.replace("_", " ").capitalize() for name in catalogue.questions.columns)
    return frame.page(
        "Questions",
        tag("h1", "Questions"),
        tag("p", "What the ontology has to be able to answer: its competency questions.", class_="lead"),
        table("Competency questions", columns, rows) or tag("p", "No question is recorded."),
        description="Competency questions of the FlexKG ontology.",
    )


#: File of each list -> what makes it.
PAGES: Final[dict[str, Callable[[Frame], bytes]]] = {
    "index.html": _index,
    "terms.html": _terms,
    "vocabularies.html": _vocabularies,
    "rules.html": _rules,
    "alignments.html": _alignments,
    "questions.html": _questions,
}
