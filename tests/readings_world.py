"""A small world twice: the same readings as triples in one store, in columns beside the other."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from kg.errors import QueryError
from kg.graphs import lexical
from kg.graphs.embedded import EmbeddedGraphs
from kg.literals import date_time, integer, string
from kg.namespaces import FLEX, GRAPH, ID, PREFIXES, QUANTITYKIND, RDF, RDFS, SAREF, UNIT, VOCAB
from kg.readings import Reading
from kg.readings.columns import ColumnReadings
from kg.readings.graph import GraphReadings
from kg.sparql.observations.rewriting import in_columns, over_columns
from kg.sparql.prologue import declare
from kg.sparql.rows import Rows

START = datetime(2026, 1, 30, 20, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
QUALITIES = (None, VOCAB + "dataQuality/Quality%20Good%20-%20Non%20Specific", VOCAB + "dataQuality/Estimated")
#: resource, quantity kind, unit, direction; None for a series that nobody has described
SERIES = {
    "ven-1/usage/energy": ("ven-1/pump", "ActiveEnergy", "KiloW-HR", "import"),
    "ven-1/usage/power": ("ven-1/pump", "ActivePower", "KiloW", "import"),
    "ven-1/usage/pv": ("ven-1/roof", "ActivePower", "KiloW", "export"),
    "ven-2/usage/energy": ("ven-2/charger", "ActiveEnergy", "KiloW-HR", "import"),
    "ven-2/usage/odd": ("ven-2/charger", None, None, None),
    "ven-3/usage/lost": None,
}


def described():
    """Triples about series, resources, sites and events."""
    lines = []

    def say(subject, predicate, value):
        lines.append(f"<{ID}{subject}> <{predicate}> {value} .")

    for n, (name, about) in enumerate(SERIES.items()):
        series = "series/" + name
        if about is None:
            continue
        resource, kind, unit, way = about
        say(series, RDF + "type", f"<{FLEX}Series>")
        say(series, FLEX + "ofResource", f"<{ID}resource/{resource}>")
        say("resource/" + resource, RDF + "type", f"<{FLEX}Resource>")
        say("resource/" + resource, RDFS + "label", string(resource.partition("/")[2]))
        say("description/" + name, RDF + "type", f"<{FLEX}ReportDescription>")
        say("description/" + name, FLEX + "series", f"<{ID}{series}>")
        say("description/" + name, FLEX + "rID", string(name.rpartition("/")[2]))
        say(
            "resource/" + resource,
            FLEX + "limit",
            f'"{n * 7 % 5}.5"^^<http://www.w3.org/2001/XMLSchema#decimal>',
        )
        if kind:
            say(series, FLEX + "binding", f"<{ID}{series}/binding>")
            say(series + "/binding", FLEX + "quantityKind", f"<{QUANTITYKIND}{kind}>")
            say(series + "/binding", SAREF + "isMeasuredIn", f"<{UNIT}{unit}>")
            say(series + "/binding", FLEX + "flowDirection", f"<{VOCAB}flowDirection/{way}>")
            lines.append(f"<{UNIT}{unit}> <{RDFS}label> {string(unit)} .")
    for resource, site in (("ven-1/pump", "north"), ("ven-1/roof", "north"), ("ven-2/charger", "south")):
        say("resource/" + resource, FLEX + "site", f"<{ID}site/{site}>")
        say("site/" + site, RDFS + "label", string(site))
    for number, (begin, end) in enumerate(((3, 7), (10, 14), (90, 94), (96, 100))):
        event, version = f"event/vtn/{number}", f"event/vtn/{number}/version/0"
        say(event, RDF + "type", f"<{FLEX}Event>")
        say(event, FLEX + "eventID", string(f"E-{number}"))
        say(event, FLEX + "currentVersion", f"<{ID}{version}>")
        say(
            version,
            FLEX + "startsAt",
            date_time((START + begin * QUARTER).isoformat().replace("+00:00", "Z")),
        )
        say(version, FLEX + "endsAt", date_time((START + end * QUARTER).isoformat().replace("+00:00", "Z")))
        say(version, FLEX + "target", f"<{ID}resource/{('ven-1/pump', 'ven-2/charger')[number % 2]}>")
    return list(dict.fromkeys(lines))


def readings(per_series, seed=7):
    """Readings with gaps, corrections, doubles and odd numbers."""
    random, made = Random(seed), []
    for name, about in SERIES.items():
        resource, kind, unit, _ = about or (None, None, None, None)
        for n in range(per_series):
            if random.random() < 0.1 or (name.endswith("odd") and n % 3):
                continue
            start = START + n * QUARTER
            values = [Decimal(random.randrange(-2000, 9000)).scaleb(-random.choice((0, 1, 3, 3)))]
            if random.random() < 0.08:
                values.append(values[0] + 1)
            for again, value in enumerate(values):
                made.append(
                    Reading(
                        series=f"{ID}series/{name}",
                        starts_at=start,
                        ends_at=None if name.endswith("lost") else start + QUARTER,
                        value=value,
                        digest=f"{n // 8:032x}{again:032x}",
                        seq=1 + n // 8 + again * 1000,
                        received=START + timedelta(hours=3 * (n // 8), days=again),
                        resource=f"{ID}resource/{resource}" if resource else None,
                        property=QUANTITYKIND + kind if kind else None,
                        unit=UNIT + unit if unit else None,
                        quality=random.choice(QUALITIES),
                        confidence=random.choice((None, 90, 100)),
                        accuracy=random.choice((None, Decimal("0.5"))),
                    )
                )
    return made


def messages(made):
    """Triples about the messages that readings come from."""
    for one in {one.digest: one for one in made}.values():
        message = f"<{ID}message/{one.digest}>"
        yield f"{message} <{FLEX}journalRow> {integer(str(one.seq))} ."
        yield f"{message} <{FLEX}receivedAt> {date_time(one.received.isoformat().replace('+00:00', 'Z'))} ."


class World:
    """The same readings as triples and in columns."""

    def __init__(self, per_series=110, extra=(), columns=None):
        made = [*readings(per_series), *extra]
        text = "\n".join([*described(), *messages(made)])
        self.triples, self.graph = EmbeddedGraphs(), EmbeddedGraphs()
        for store in (self.triples, self.graph):
            store.add(GRAPH + "meta-of-series", text)
        self.columns = columns or ColumnReadings()
        self.as_triples = GraphReadings(self.triples)
        self.as_triples.append(made)
        self.columns.append(made)

    def rewritten(self, text, given=None, most=250_000):
        """The query as the columns have it answered."""
        with self.columns.view() as view:
            return over_columns(declare(text)[0], view, self.ask, given=given, most=most)

    def rows(self, text):
        """The rows where the columns give them themselves; None where they do not."""
        with self.columns.view() as view:
            try:
                made = in_columns(declare(text)[0], view, self.ask)
            except QueryError:
                return None
        return None if isinstance(made, str) else Rows(made, self.graph)

    def plain(self, text):
        """What answers a query over the triples, as often as it is called."""
        names = self.triples.graphs()
        return lambda: self.triples.query(declare(text)[0], default_graph=names, named_graphs=names)

    def ask(self, text):
        return self.graph.query(text, default_graph=self.graph.graphs(), named_graphs=self.graph.graphs())

    def answers(self, text, given=None):
        """Both answers: from triples, from columns."""
        names = self.triples.graphs()
        plain = self.triples.query(
            declare(text)[0], default_graph=names, named_graphs=names, bindings=given or {}
        )
        names = self.graph.graphs()
        fast = self.graph.query(
            self.rewritten(text, given), default_graph=names, named_graphs=names, bindings=given or {}
        )
        return comparable(plain), comparable(fast)


def comparable(answer):
    """An answer as something that can be compared: rows with their number, whatever their order."""
    if answer.kind == "ask":
        return bool(answer)
    if answer.kind == "graph":
        return set(answer)
    names = answer.variables
    order = sorted(range(len(names)), key=lambda n: names[n])
    return sorted(names), Counter(tuple(row[n] for n in order) for row in answer)


__all__ = ["PREFIXES", "World", "lexical"]
