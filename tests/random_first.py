"""Random first queries: patterns about nodes of which nothing is known, put together by chance."""

from random import Random

_ANY = ["?s ?p ?o .", "?s a ?class .", "?s rdfs:label ?label . ?s ?p ?o ."]
_BESIDE = [
    "OPTIONAL { ?s rdfs:label ?sl }",
    "MINUS { ?s a flex:Event }",
    "OPTIONAL { ?q flex:series ?s }",
    "FILTER EXISTS { ?s a ?cc }",
    "FILTER NOT EXISTS { ?s flex:series ?ss }",
    "FILTER NOT EXISTS { ?s rdfs:label ?ss }",
    "{ ?s a ?c2 } UNION { ?s rdfs:label ?c2 }",
    "GRAPH ?g { ?s ?p2 ?o2 }",
    "FILTER(!BOUND(?sl))",
    "{ SELECT DISTINCT ?s { ?s ?a ?b } }",
    "{ SELECT ?s (COUNT(*) AS ?number) { ?s ?a ?b } GROUP BY ?s }",
    "{ SELECT ?s { ?s ?a ?b } LIMIT 3 }",
    "VALUES ?p { rdf:type flex:startsAt rdfs:label }",
    "BIND(STR(?s) AS ?z)",
    "?s flex:startsAt ?t .",
    "MINUS { ?s flex:startsAt ?t2 }",
]
_NODES = [
    "?s a ?c .",
    "?s ?p ?o .",
    "?s a ?c ; ?p ?o .",
    "?s a saref:Observation ; ?p ?o .",
    "?s a flex:Reading , ?c .",
    "?s a time:Interval ; ?p ?o .",
    "?s a saref:PropertyValue , ?c ; ?p ?o .",
]
_SAID = [
    "FILTER(?p != rdf:type)",
    "FILTER(CONTAINS(STR(?c), 'O'))",
    "OPTIONAL { ?c rdfs:label ?l }",
    "?p rdfs:label ?pl .",
    "MINUS { ?c rdfs:label ?l2 }",
    "VALUES ?c { saref:Observation flex:Event }",
    "VALUES (?p ?w) { (rdf:type 1) (saref:hasValue 2) (UNDEF 3) }",
    "BIND(STR(?c) AS ?z)",
    "FILTER(BOUND(?l))",
    "FILTER(isIRI(?o))",
    "?q rdfs:label ?ql .",
]
_NUMBERS = [f"COUNT({one})" for one in ("*", "?s", "?o", "?p", "?c", "?l")]
_NUMBERS += [f"COUNT(DISTINCT ?{name})" for name in ("s", "p", "c", "l")]


def some(seed):
    """A query for any rows: its text without LIMIT, LIMIT and OFFSET."""
    chance = Random(seed)
    body = " ".join([chance.choice(_ANY), *chance.sample(_BESIDE, chance.randint(0, 3))])
    form = chance.choice(("SELECT *", "SELECT DISTINCT ?s", "SELECT ?s", "SELECT DISTINCT *"))
    return f"{form} {{ {body} }}", chance.choice((1, 3, 10, 40)), chance.choice((0, 0, 5))


def survey(seed):
    """A query for classes, predicates, or numbers of them."""
    chance = Random(seed)
    body = chance.sample(_SAID, chance.choice((0, 0, 1, 1, 2, 3)))
    body.insert(chance.randint(0, len(body)), chance.choice(_NODES))
    where = "{ " + " ".join(body) + " }"
    names = chance.sample(("?c", "?p", "?l", "?z", "?w", "?pl"), chance.randint(0, 2))
    if chance.random() < 0.35:
        return f"SELECT DISTINCT {' '.join(names) or '?c'} {where}"
    numbers = chance.sample(_NUMBERS, chance.randint(1, 2))
    shown = [*names, *(f"({one} AS ?n{n})" for n, one in enumerate(numbers))]
    by = f" GROUP BY {' '.join(names)}" if names else ""
    return f"SELECT {' '.join(shown)} {where}{by}" + chance.choice(("", " HAVING (COUNT(*) > 3)"))
