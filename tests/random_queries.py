"""Random queries over readings: patterns, filters, optional parts and groupings put together by chance."""

from random import Random

_SERIES = [
    f"<https://w3id.org/flexkg/id/series/{name}>"
    for name in ("ven-1/usage/energy", "ven-1/usage/pv", "ven-2/usage/odd", "ven-3/usage/lost")
]
_RESOURCES = [f"<https://w3id.org/flexkg/id/resource/{name}>" for name in ("ven-1/pump", "ven-2/charger")]
_TIMES = [
    f'"2026-01-{30 + n // 24}T{n % 24:02}:{m}:00{zone}"^^xsd:dateTime'
    for n in (20, 22, 25, 30, 36, 44)
    for m, zone in (("00", "Z"), ("15", "Z"), ("30", "+01:00"))
]
_NUMBERS = ["0", "3", "5.25", "-1", "100", "7.0001", "1e1", "4000"]
_CALLS = ["HOURS(?{})", "DAY(?{})", "SUBSTR(STR(?{}), 1, 13)", "MINUTES(?{})"]
_CALLS += ['HOURS(?{} + "PT1H"^^xsd:dayTimeDuration)']
_OPERATORS = ["<", ">", "<=", ">=", "=", "!="]


class Maker:
    """Makes one query after the other.

    Args:
        seed: what chance starts from.
    """

    def __init__(self, seed):
        self.random = Random(seed)

    def query(self):
        """A query, and whether its answer depends on nothing but the data."""
        chance = self.random
        self.known = {}
        parts = self.star("o")
        for maker, odds in (
            (self.graph, 0.5),
            (self.filter, 0.7),
            (self.filter, 0.3),
            (self.optional, 0.4),
            (self.optional, 0.2),
            (self.without, 0.3),
            (self.second, 0.15),
            (self.union, 0.12),
            (self.bind, 0.2),
            (self.table, 0.12),
            (self.nested, 0.1),
        ):
            if chance.random() < odds:
                parts.append(maker())
        if chance.random() < 0.15:
            chance.shuffle(parts)
        where = "{ " + " ".join(parts) + " }"
        form = chance.random()
        names = sorted(self.known)
        if form < 0.05:
            return f"ASK {where}"
        if form < 0.1:
            return f"CONSTRUCT {{ ?o flex:shown ?{chance.choice(names)} }} WHERE {where}"
        if form < 0.45:
            shown = chance.sample(names, chance.randint(1, len(names)))
            word = chance.choice(("", "", "DISTINCT "))
            return f"SELECT {word}{' '.join('?' + name for name in shown)} {where}"
        return self.grouped(where, names)

    def star(self, o):
        """Patterns of one observation."""
        chance, n = self.random, "" if o == "o" else o
        parts = [chance.choice((f"?{o} a saref:Observation .", f"?{o} saref:hasResult ?r{n} .", ""))]
        self.known[o] = "node"
        way = chance.choice(("/saref:hasValue", f" ?r{n} . ?r{n} saref:hasValue"))
        parts.append(f"?{o} saref:hasResult{way} ?v{n} .")
        self.known["v" + n] = "value"
        choices = [
            (f"?{o} flex:startsAt ?t{n} .", "t", "time", 0.8),
            (f"?{o} saref:hasResultTime ?e{n} .", "e", "time", 0.3),
            (f"?{o} flex:series ?s{n} .", "s", "iri", 0.5),
            (f"?{o} flex:ofResource ?res{n} .", "res", "iri", 0.4),
            (f"?{o} saref:observes ?kind{n} .", "kind", "iri", 0.15),
            (f"?{o} saref:hasResult/saref:isMeasuredIn ?unit{n} .", "unit", "iri", 0.25),
            (f"?{o} flex:dataQuality ?q{n} .", "q", "iri", 0.12),
            (f"?{o} flex:confidence ?c{n} .", "c", "number", 0.12),
            (f"?{o} prov:wasDerivedFrom/flex:receivedAt ?rec{n} .", "rec", "time", 0.08),
            (f"?{o} prov:wasDerivedFrom ?m{n} . ?m{n} flex:journalRow ?row{n} .", "row", "number", 0.08),
            (f"?{o} saref:hasPhenomenonTime/flex:endsAt ?stop{n} .", "stop", "time", 0.12),
            (f"?{o} flex:series {chance.choice(_SERIES)} .", None, None, 0.15),
            (f"?{o} flex:ofResource {chance.choice(_RESOURCES)} .", None, None, 0.12),
            (f"?{o} flex:confidence 90 .", None, None, 0.05),
        ]
        for text, name, kind, odds in choices:
            if chance.random() < odds:
                parts.append(text)
                if name:
                    self.known[name + n] = kind
        return parts

    def named(self, *kinds):
        names = [name for name, kind in sorted(self.known.items()) if kind in kinds]
        return self.random.choice(names) if names else None

    def graph(self):
        """A pattern of the graph that hangs together with a star."""
        if "res" in self.known:
            self.known["label"] = "text"
            return self.random.choice(
                (
                    "?res rdfs:label ?label .",
                    "?res flex:site/rdfs:label ?label .",
                    '?res rdfs:label ?label . ?res flex:site/rdfs:label "north" .',
                )
            )
        if "s" in self.known:
            self.known["label"] = "text"
            return self.random.choice(
                (
                    "?s flex:ofResource/rdfs:label ?label .",
                    "?d flex:series ?s ; a flex:ReportDescription ; flex:rID ?label .",
                )
            )
        if "t" in self.known:
            self.known["label"] = "text"
            return (
                "?ev a flex:Event ; flex:eventID ?label ; flex:currentVersion ?ver ."
                " ?ver flex:startsAt ?from ; flex:endsAt ?to . FILTER(?t >= ?from && ?t < ?to)"
            )
        return ""

    def filter(self):
        """A condition."""
        return f"FILTER({self.condition()})"

    def condition(self):
        chance = self.random
        kind = chance.choice(("time", "time", "value", "iri", "calendar", "not", "and", "or", "bound"))
        if kind in ("not", "and", "or"):
            one, other = self.simple(), self.simple()
            return {"not": f"!({one})", "and": f"{one} && {other}", "or": f"{one} || {other}"}[kind]
        if kind == "calendar" and (name := self.named("time")):
            return f"HOURS(?{name}) {chance.choice(_OPERATORS)} {chance.randrange(24)}"
        if kind == "bound":
            return f"BOUND(?{chance.choice(sorted(self.known))})"
        return self.simple()

    def simple(self):
        chance = self.random
        name = chance.choice(sorted(self.known))
        kind, operator = self.known[name], chance.choice(_OPERATORS)
        if kind == "time":
            return f"?{name} {operator} {chance.choice(_TIMES)}"
        if kind in ("value", "number"):
            return f"?{name} {operator} {chance.choice(_NUMBERS)}"
        if kind == "iri":
            return (
                f"?{name} {chance.choice(('=', '!='))} {chance.choice(_SERIES + _RESOURCES + ['unit:KiloW'])}"
            )
        if kind == "text":
            return f'?{name} {operator} "north"'
        return f'CONTAINS(STR(?{name}), "ven-{chance.randint(1, 3)}")'

    def optional(self):
        """An optional part, perhaps with another in it."""
        chance = self.random
        options = [
            ("?o flex:dataQuality ?oq", "oq", "iri"),
            ("?o flex:confidence ?oc", "oc", "number"),
            ("?o flex:ofResource ?ores", "ores", "iri"),
            ("?o flex:ofResource/rdfs:label ?olabel", "olabel", "text"),
            ("?o saref:hasResult/saref:isMeasuredIn ?ounit", "ounit", "iri"),
            ("?o saref:hasPhenomenonTime/flex:endsAt ?oend", "oend", "time"),
        ]
        if "r" in self.known:
            options.append(("?r saref:isMeasuredIn ?runit", "runit", "iri"))
        if "s" in self.known:
            options.append(("?s flex:ofResource/rdfs:label ?slabel", "slabel", "text"))
        text, name, kind = chance.choice(options)
        inner = ""
        if chance.random() < 0.3:
            inner = f" FILTER({self.simple()})"
        elif text.startswith("?o") and chance.random() < 0.3:
            inner = " OPTIONAL { ?o flex:accuracy ?acc }"
        self.known[name] = kind
        return f"OPTIONAL {{ {text}{inner} }}"

    def without(self):
        """MINUS, EXISTS or NOT EXISTS."""
        chance = self.random
        inner = chance.choice(
            (
                "?o flex:dataQuality ?nq",
                "?o flex:confidence 100",
                "?o flex:ofResource/flex:site/rdfs:label 'north'",
                f"?no flex:series {_SERIES[1]} ; flex:startsAt ?t ; saref:hasResult ?nr",
                "?o saref:hasResult/saref:isMeasuredIn unit:KiloW",
            )
        )
        return chance.choice(
            ("MINUS {{ {} }}", "FILTER NOT EXISTS {{ {} }}", "FILTER EXISTS {{ {} }}")
        ).format(inner)

    def second(self):
        """A second observation at the same time."""
        if "t" not in self.known:
            return ""
        self.known["w"] = "value"
        series = self.random.choice(_SERIES)
        return f"?p flex:series {series} ; flex:startsAt ?t ; saref:hasResult/saref:hasValue ?w ."

    def union(self):
        self.known["uq"] = "iri"
        return "{ ?o flex:dataQuality ?uq } UNION { ?o saref:observes ?uq }"

    def bind(self):
        name = self.named("value")
        self.known["x"] = "value"
        return f"BIND(?{name} * 2 AS ?x)"

    def table(self):
        if "s" in self.known:
            return f"VALUES ?s {{ {' '.join(self.random.sample(_SERIES, 2))} }}"
        return ""

    def nested(self):
        if "s" not in self.known:
            return ""
        self.known["total"] = "number"
        return "{ SELECT ?s (COUNT(*) AS ?total) { ?no flex:series ?s ; saref:hasResult ?nr } GROUP BY ?s }"

    def grouped(self, where, names):
        """A query that groups."""
        chance = self.random
        keys, shown = [], []
        for name in chance.sample(names, min(len(names), chance.randint(0, 2))):
            if self.known[name] == "time" and chance.random() < 0.8:
                call = chance.choice(_CALLS)
                keys.append(f"({call.format(name)} AS ?k_{name})")
                shown.append(f"?k_{name}")
            else:
                keys.append("?" + name)
                shown.append("?" + name)
        for n in range(chance.randint(1, 3)):
            shown += [f"({self.aggregate(names)} AS ?a{n})"]
        having = ""
        if chance.random() < 0.2:
            having = f" HAVING ({self.aggregate(names)} > {chance.choice(_NUMBERS)})"
        by = f" GROUP BY {' '.join(keys)}" if keys else ""
        return f"SELECT {' '.join(shown)} {where}{by}{having}"

    def aggregate(self, names):
        chance = self.random
        value = self.named("value") or names[0]
        any_ = chance.choice(names)
        return chance.choice(
            (
                f"SUM(?{value})",
                f"AVG(?{value})",
                f"MIN(?{value})",
                f"MAX(?{value})",
                f"COUNT(?{any_})",
                f"COUNT(DISTINCT ?{any_})",
                "COUNT(*)",
                f"SUM(?{value} * 0.25)",
                f"SUM(?{value} + 1)",
                f"MAX(?{any_})",
            )
        )
