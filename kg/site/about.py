"""Pages about one thing: a module, a term, a vocabulary, a concept or a rule."""

from typing import Final

from kg.namespaces import SKOS
from kg.site import turtle
from kg.site.catalogue import Catalogue, Entry
from kg.site.diagram import draw
from kg.site.frame import Frame, facts_list, section, severity, source_text, table
from kg.site.markup import Child, Markup, join, tag
from kg.site.rules import Rule
from kg.site.terms import Module, Term
from kg.site.vocabularies import Concept, Scheme

_MODULES: Final = ("index.html", "Modules")
_VOCABULARIES: Final = ("vocabularies.html", "Vocabularies")
_RULES: Final = ("rules.html", "Rules")


def page(catalogue: Catalogue, entry: Entry) -> bytes:
    """Make the page of an entry.

    Args:
        catalogue: all that has a page.
        entry: what the page is about.

    Returns:
        HTML as UTF-8.
    """
    frame, record = Frame(catalogue, entry.file), entry.record
    if isinstance(record, Module):
        return _module(frame, record)
    if isinstance(record, Term):
        return _term(frame, record)
    if isinstance(record, Scheme):
        return _scheme(frame, record)
    if isinstance(record, Concept):
        return _concept(frame, record)
    return _rule(frame, record)


def _module(frame: Frame, module: Module) -> bytes:
    catalogue = frame.catalogue
    picture = draw(catalogue, module, frame.href)
    own = [term for term in module.terms if term.own]
    borrowed = [term for term in module.terms if not term.own]
    classes = [term for term in own if term.kind == "class"]
    properties = [term for term in own if term.kind != "class"]
    schemes = catalogue.schemes_of.get(module.iri, [])
    return frame.page(
        module.title,
        _heading(frame, "module", module.title, module.iri),
        tag("p", module.description, class_="lead"),
        section(
            "Diagram",
            tag("div", picture, class_="canvas", tabindex="0", role="region", aria_label="Class diagram"),
            tag(
                "p",
                "A hollow arrow leads to the wider class, a filled one from domain to range. "
                "Dashed boxes belong to other modules.",
                class_="note",
            ),
        )
        if picture
        else None,
        section("Classes", table("Classes of the module", ("Class", "Definition"), _rows(frame, classes))),
        section(
            "Properties",
            table(
                "Properties of the module",
                ("Property", "From", "To", "Definition"),
                [(*_property(frame, term), term.definition) for term in properties],
            ),
        ),
        section(
            "Vocabularies",
            table(
                "Vocabularies of the module",
                ("Vocabulary", "Holds"),
                [(frame.link(scheme.iri, scheme.title), scheme.description) for scheme in schemes],
            ),
        ),
        section(
            "Borrowed terms",
            table(
                "Terms of other vocabularies that the module declares",
                ("Term", "Kind", "Definition"),
                [(frame.link(term.iri), term.kind, term.definition or term.label) for term in borrowed],
            ),
        ),
        section(
            "About the module",
            facts_list(
                ("IRI", tag("code", module.iri)),
                ("Version", module.version),
                ("Version IRI", tag("code", module.version_iri) if module.version_iri else None),
                ("Licence", frame.link(module.license, module.license) if module.license else None),
                ("Imports", frame.links(module.imports)),
            ),
            source_text(module.text),
        ),
        description=module.description,
        crumbs=(_MODULES,),
    )


def _term(frame: Frame, term: Term) -> bytes:
    catalogue = frame.catalogue
    module = next(module for module in catalogue.modules if module.iri == term.module)
    parents = [frame.value(catalogue.facts, parent) for parent in term.parents]
    children = [child.iri for child in catalogue.children.get(term.iri, ())]
    value_scheme = [scheme for scheme in catalogue.schemes if scheme.name == term.name]
    return frame.page(
        term.label,
        _heading(frame, term.kind, term.label, term.iri),
        tag("p", "Deprecated. ", _instead(frame, term), class_="warning") if term.deprecated else None,
        tag("p", term.definition, class_="lead"),
        facts_list(
            ("Example", join(*term.examples, by=tag("br"))),
            ("Source", join(*term.sources, by=tag("br"))),
            ("Below", join(*parents, by=", ")),
            ("Above", frame.links(children)),
            ("From", join(frame.links(term.domains))),
            ("To", join(frame.links(term.ranges))),
            ("Values", join(*(frame.link(s.iri, s.title) for s in value_scheme), by=", "))
            if SKOS + "Concept" in term.ranges
            else ("Values", None),
            ("Inverse", frame.links(term.inverses)),
            *frame.others(catalogue.facts, term.others),
            ("Module", frame.link(module.iri, module.title)),
            ("IRI", tag("code", term.iri)),
        ),
        *(_around(frame, term) if term.kind == "class" else ()),
        _rules(frame, term.iri, inherited=term.kind == "class"),
        _alignments(frame, term.iri),
        source_text(turtle.body(catalogue.facts, term.iri)),
        description=term.definition,
        crumbs=(_MODULES, (catalogue.entries[module.iri].file, module.title)),
    )


def _instead(frame: Frame, term: Term) -> Markup:
    return join("Use ", frame.links(term.replaced_by), ".") if term.replaced_by else join()


def _around(frame: Frame, term: Term) -> list[Markup | None]:
    """Properties that leave and reach a class, those of wider classes included."""
    catalogue = frame.catalogue
    rows: list[tuple[Child, ...]] = []
    for name in (term.iri, *catalogue.ancestors(term.iri)):
        for one in catalogue.leaving.get(name, ()):
            through = None if name == term.iri else join(" (of ", frame.link(name), ")")
            rows.append((join(frame.link(one.iri), through), frame.links(one.ranges), one.definition))
    arriving = [
        (frame.link(one.iri), frame.links(one.domains), one.definition)
        for one in catalogue.arriving.get(term.iri, ())
    ]
    return [
        section("Properties", table("Properties that start here", ("Property", "To", "Definition"), rows)),
        section(
            "Used by", table("Properties that lead here", ("Property", "From", "Definition"), [*arriving])
        ),
    ]


def _scheme(frame: Frame, scheme: Scheme) -> bytes:
    users = [term.iri for term in frame.catalogue.scheme_users.get(scheme.iri, ())]
    rows = [
        (frame.link(one.iri, tag("code", one.notation)), one.label, one.definition) for one in scheme.concepts
    ]
    return frame.page(
        scheme.title,
        _heading(frame, "vocabulary", scheme.title, scheme.iri),
        tag("p", scheme.description, class_="lead"),
        facts_list(
            ("Source", join(*scheme.sources, by=tag("br"))),
            ("Values of", frame.links(users)),
            ("Module", frame.link(scheme.module) if scheme.module else None),
            ("IRI", tag("code", scheme.iri)),
        ),
        section(
            f"{len(rows)} concepts",
            table("Concepts of the vocabulary", ("Notation", "Name", "Definition"), [*rows]),
        ),
        _rules(frame, scheme.iri),
        _alignments(frame, scheme.iri),
        source_text(turtle.body(frame.catalogue.facts, scheme.iri)),
        description=scheme.description,
        crumbs=(_VOCABULARIES,),
    )


def _concept(frame: Frame, concept: Concept) -> bytes:
    catalogue = frame.catalogue
    home = catalogue.entries[concept.scheme]
    scheme = home.record
    assert isinstance(scheme, Scheme)
    answering = catalogue.rules_answering.get(concept.iri, [])
    return frame.page(
        concept.label,
        _heading(frame, "concept", concept.label, concept.iri),
        tag("p", concept.definition, class_="lead"),
        facts_list(
            ("Notation", tag("code", concept.notation)),
            ("Vocabulary", frame.link(concept.scheme, scheme.title)),
            ("Source", join(*concept.sources, by=tag("br"))),
            *frame.others(catalogue.facts, concept.others),
            ("IRI", tag("code", concept.iri)),
        ),
        _rules(frame, concept.iri),
        section("Rules that answer with it", _rule_table(frame, "Rules with this code", answering)),
        _alignments(frame, concept.iri),
        source_text(turtle.body(catalogue.facts, concept.iri)),
        description=concept.definition,
        crumbs=(_VOCABULARIES, (home.file, scheme.title)),
    )


def _rule(frame: Frame, rule: Rule) -> bytes:
    title = rule.title or rule.message or f"Shape {rule.name}"
    others = [iri for iri in rule.mentions if iri not in rule.targets]
    parts = [one for one in frame.catalogue.rules if not rule.id and rule.iri in one.groups]
    return frame.page(
        f"{rule.id}: {title}" if rule.id else title,
        _heading(frame, "rule " + rule.id if rule.id else "shape", title, rule.iri),
        tag("p", rule.description, class_="lead") if rule.description else None,
        facts_list(
            ("Severity", severity(rule) if rule.id else None),
            ("Message", rule.message),
            ("Cure", rule.cure),
            ("Source", join(*rule.sources, by=tag("br"))),
            ("Response code", frame.link(rule.response_code) if rule.response_code else None),
            ("About", frame.links(rule.targets)),
            ("Speaks of", frame.links(others)),
            ("File", tag("code", f"shapes/{rule.file}")),
            ("IRI", tag("code", rule.iri)),
        ),
        section("Rules in it", _rule_table(frame, "Rules that the shape brings together", parts)),
        source_text(turtle.body(frame.catalogue.shapes, rule.iri)),
        description=rule.description or rule.message,
        crumbs=(_RULES,),
    )


def _heading(frame: Frame, kind: str, title: str, iri: str) -> Markup:
    name = tag("code", frame.short(iri))
    return tag("header", tag("p", kind, class_="kind"), tag("h1", title), tag("p", name), class_="thing")


def _rows(frame: Frame, terms: list[Term]) -> list[tuple[Child, ...]]:
    return [(frame.link(term.iri), term.definition) for term in terms]


def _property(frame: Frame, term: Term) -> tuple[Child, Child, Child]:
    return frame.link(term.iri), frame.links(term.domains), frame.links(term.ranges)


def _rules(frame: Frame, iri: str, *, inherited: bool = False) -> Markup | None:
    names = (iri, *frame.catalogue.ancestors(iri)) if inherited else (iri,)
    found = {rule.iri: rule for name in names for rule in frame.catalogue.rules_of.get(name, ())}
    return section("Rules", _rule_table(frame, "Rules that speak of it", list(found.values())))


def _rule_table(frame: Frame, caption: str, rules: list[Rule]) -> Markup | None:
    rows: list[tuple[Child, ...]] = [
        (frame.link(rule.iri, rule.id), severity(rule), rule.description or rule.message) for rule in rules
    ]
    return table(caption, ("Rule", "Severity", "Asks for"), rows)


def _alignments(frame: Frame, iri: str) -> Markup | None:
    rows: list[tuple[Child, ...]] = [
        (
            *frame.aligned(row),
            row.grounds,
            row.confidence,
            row.comment,
        )
        for row in frame.catalogue.alignments_of.get(iri, ())
    ]
    columns = ("Relation", "Term", "Justification", "Confidence", "Remark")
    return section("Alignments", table("Alignments with other vocabularies", columns, rows))
