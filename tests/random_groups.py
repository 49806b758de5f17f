"""Random grouping queries: by metadata, by calendar, in windows of events and over thresholds."""

from random import Random

_KEYS = {
    "": ("?s", "flex:series ?s .", ""),
    "res": ("?res", "flex:ofResource ?res .", ""),
    "kind": ("?kind", "saref:observes ?kind .", ""),
    "label": ("?l", "flex:ofResource ?res .", "?res rdfs:label ?l ."),
    "site": ("?site", "flex:ofResource ?res .", "?res flex:site/rdfs:label ?site ."),
    "lost": ("?site", "flex:series ?s .", "OPTIONAL { ?s flex:ofResource/flex:site ?site }"),
    "limit": ("?lim", "flex:ofResource ?res .", "?res flex:limit ?lim ."),
    "way": ("?way", "flex:series ?s .", "?s flex:binding/flex:flowDirection ?way ."),
    "point": ("?rid", "flex:series ?s .", "?d flex:series ?s ; a flex:ReportDescription ; flex:rID ?rid ."),
    "good": ("?q", "", "OPTIONAL { ?o flex:dataQuality ?q }"),
    "sure": ("?sure", "", "OPTIONAL { ?o flex:confidence ?sure }"),
    "span": ("(?e - ?t AS ?span)", "", "OPTIONAL { ?o saref:hasPhenomenonTime/flex:endsAt ?e }"),
    "text": ("?text", "flex:ofResource ?res .", 'BIND(STRAFTER(STR(?res), "resource/") AS ?text)'),
}
_TIMES = (
    "(HOURS(?t) AS ?h)",
    "(DAY(?t) AS ?h)",
    "(SUBSTR(STR(?t), 1, 13) AS ?h)",
    '(HOURS(?t + "PT1H"^^xsd:dayTimeDuration) AS ?h)',
    "(STRBEFORE(STR(?t), 'T') AS ?h)",
    "?t",
    "(MINUTES(?t) AS ?m) (DAY(?t) AS ?h)",
)
_EVENTS = (
    "?ev a flex:Event ; flex:eventID ?id ; flex:currentVersion ?ver ."
    " ?ver flex:startsAt ?a ; flex:endsAt ?b ."
)
_AGGREGATES = (
    *("SUM(?v)", "SUM(?v) * 2", "AVG(?v)", "MIN(?v)", "MAX(?v)", "COUNT(*)", "COUNT(?v)", "COUNT(?o)"),
    *("SUM(-?v / 4)", "AVG(?v * 0.5)", "MAX(?t)", "MIN(?t)", "COUNT(DISTINCT ?t)", "MAX(?v) - MIN(?v)"),
    *("COUNT(DISTINCT ?day)", "COUNT(DISTINCT ?o)", "SAMPLE(1)", "COALESCE(AVG(?v), 0)"),
    *("SAMPLE(?v) > -99999", "SAMPLE(?t) < NOW()", "COUNT(DISTINCT ?v)"),
)


def group(seed, *, nested=True):
    """A grouping query; the same for the same seed."""
    chance = Random(seed)
    keys, star, rest = (
        [],
        ["?o a saref:Observation ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?v ."],
        [],
    )
    for name in chance.sample(sorted(_KEYS), chance.choice((0, 1, 1, 1, 2))):
        key, own, more = _KEYS[name]
        keys.append(key)
        star.append(f"?o {own}" if own else "")
        rest.append(more)
    if chance.random() < 0.55:
        keys.append(chance.choice(_TIMES))
    aggregates = [chance.choice(_AGGREGATES) for _ in range(chance.choice((1, 1, 2, 3)))]
    if any("?day" in one for one in aggregates):
        rest.append("BIND(SUBSTR(STR(?t), 1, 10) AS ?day)")
    if chance.random() < 0.4:
        rest.append(_EVENTS)
        rest.append(chance.choice(("FILTER(?t >= ?a && ?t < ?b)", "FILTER(?b > ?t) FILTER(?t >= ?a)")))
        if chance.random() < 0.6:
            keys.append("?id")
        if chance.random() < 0.5:
            star.append("?o flex:ofResource ?res .")
            rest.append("?ver flex:target ?res .")
    if chance.random() < 0.25:
        star.append("?o flex:ofResource ?res .")
        top = chance.choice(("?top", "?top", "?rough"))
        rest.append("?res flex:limit ?top ." + " BIND(xsd:double(?top) AS ?rough)" * (top != "?top"))
        rest.append(f"FILTER(?v {chance.choice(('>', '<', '>=', '<='))} {top})")
    if chance.random() < 0.3:
        rest.append(
            chance.choice(
                (
                    "FILTER(?v > 3)",
                    'FILTER(?t < "2026-01-31T09:00:00Z"^^xsd:dateTime && ?v <= 4000)',
                    "FILTER(?t >= '2026-01-31T00:00:00+01:00'^^xsd:dateTime)",
                    "FILTER(HOURS(?t) > 12)",
                    "FILTER(?v != ?v)",
                    "FILTER(?v > 2.5e0)",
                    "FILTER(?v <= '4000.125'^^xsd:double && ?v != 3e0)",
                    "FILTER(?v > 4000 || ?v < -1e2)",
                    "FILTER(HOURS(?t) < 6 || HOURS(?t) >= 20 && ?v > 1)",
                )
            )
        )
    if chance.random() < 0.2:
        rest.append("MINUS { ?o flex:series ?gone . ?gone flex:ofResource/rdfs:label 'roof' }")
    if chance.random() < 0.15:
        rest.append("FILTER NOT EXISTS { ?x flex:target ?res }")
    order = [*star, *rest]
    if chance.random() < 0.3 and "BIND" not in " ".join(rest):
        chance.shuffle(order)
    keys = list(dict.fromkeys(keys))
    shown = [key.split(" AS ")[-1].rstrip(")") for key in keys if not key.startswith("(MINUTES")]
    shown = [name for name in shown if chance.random() < 0.85]
    items = [f"({text} AS ?x{n})" for n, text in enumerate(aggregates)]
    by = f" GROUP BY {' '.join(keys)}" if keys else ""
    if keys and chance.random() < 0.2:
        by += chance.choice((" HAVING (COUNT(*) > 20)", " HAVING (SUM(?v) > 100 && MAX(?v) < 8000)"))
    text = f"SELECT {' '.join([*shown, *items])} {{ {' '.join(order)} }}{by}"
    if nested and chance.random() < 0.35 and "?res" in keys:
        other = group(seed * 7 + 1, nested=False)
        return (
            f"SELECT * {{ {{ {text} }} OPTIONAL {{ SELECT ?res {other.removeprefix('SELECT ')} }} }}"
            if ("GROUP BY ?res" in other and "?res" not in other.partition("{")[0])
            else f"SELECT * {{ {{ {text} }} ?res rdfs:label ?name }}"
        )
    return text
