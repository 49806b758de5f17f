"""What an entry of the registry is compared with: the state of its activation when it is made."""

from datetime import UTC, datetime, timedelta
from typing import Final

from kg.graphs import GraphStore, lexical
from kg.literals import boolean, segment, string
from kg.namespaces import FLEX, ID, PROV, RDF
from kg.registry_entry import FIGURES, INTERVENTIONS, STEPS, RegistryEntry
from kg.times import moment, seconds

_TYPE: Final = f"<{RDF}type>"


def facts(entry: RegistryEntry, graphs: GraphStore) -> list[str]:
    """Say of an entry what its rules compare it with, N-Triples lines."""
    said: dict[str, bool] = {}
    if entry.step not in INTERVENTIONS:
        said |= _of_event(entry, graphs)
        said |= _of_devices(entry, graphs)
        said["wasStopped"] = stopped(graphs, entry.ven)
    if entry.corrects:
        said |= _of_correction(entry, graphs)
    elif entry.step in FIGURES and entry.point:
        said["wasStatedBefore"] = _stated(entry, graphs)
    return [f"<{entry.iri}> <{FLEX}{name}> {boolean(str(true).lower())} ." for name, true in said.items()]


def took_part(graphs: GraphStore, vtn: str, event: str, number: int, ven: str) -> bool:
    """Whether a VEN ever opted in to a version of an event, or did not answer."""
    asked = RegistryEntry(entry="", vtn=vtn, event=event, number=number, ven=ven, step="delivery", at="")
    own = [opt for of, opt in _answers(asked, graphs) if of == number]
    return not own or "optIn" in own


def stopped(graphs: GraphStore, ven: str) -> bool:
    """Whether an emergency stop of the plant behind a VEN is in force: the last entry has not the value 0."""
    last, value = 0, "0"
    party = f"<{ID}party/{segment(ven)}>"
    for typed in graphs.match(None, _TYPE, f"<{FLEX}{STEPS['emergency']}>"):
        node = {s.predicate: s.object for s in graphs.match(typed.subject, None, None)}
        of = node.get(f"<{PROV}wasGeneratedBy>", "")
        row = int(lexical(node.get(f"<{FLEX}journalRow>", '"0"')))
        if of and row > last and any(graphs.match(of, f"<{FLEX}ven>", party)):
            last, value = row, lexical(node.get(f"<{FLEX}value>", '"1"'))
    try:
        return float(value) != 0
    except ValueError:  # of an older version, which took any text
        return True


def _of_event(entry: RegistryEntry, graphs: GraphStore) -> dict[str, bool]:
    event = f"{ID}event/{segment(entry.vtn)}/{segment(entry.event)}"
    version = f"<{event}/{entry.number}>"
    node = {s.predicate: s.object for s in graphs.match(version, None, None)}
    answers = _answers(entry, graphs)
    own = [opt for number, opt in answers if number == entry.number]
    test = lexical(node[f"<{FLEX}testEvent>"]) if f"<{FLEX}testEvent>" in node else "false"
    said = {
        "wasRequested": bool(node),
        "wasOptedOut": own[-1:] == ["optOut"],
        "tookPart": not own or "optIn" in own,
        "wasCancelled": node.get(f"<{FLEX}eventStatus>", "").endswith("/cancelled>"),
        "ofTestEvent": test not in ("", "false"),
        "wasSuperseded": any(number > entry.number for number, _ in answers),
    }
    start = moment(lexical(node[f"<{FLEX}startsAt>"])) if f"<{FLEX}startsAt>" in node else None
    if start is not None and start.tzinfo is not None:
        at = datetime.fromisoformat(entry.at).astimezone(UTC)
        lengths = (node.get(f"<{FLEX}{name}>", '""') for name in ("rampUpDuration", "notificationDuration"))
        before = max(seconds(lexical(length)) or 0 for length in lengths)
        said["wasBegun"] = at >= start
        said["wasMadeKnown"] = at >= start - timedelta(seconds=before)
    return said


def _of_devices(entry: RegistryEntry, graphs: GraphStore) -> dict[str, bool]:
    commands = [s.object for s in graphs.match(f"<{entry.activation}>", f"<{FLEX}command>", None)]
    said = {"wasCommanded": bool(commands)}
    if entry.step != "answer" or not entry.device:
        return said
    point = f"<{ID}point/" + "/".join(map(segment, filter(None, (entry.device, entry.point))))
    times = [
        moment(lexical(sent.object))
        for command in commands
        for set_ in graphs.match(command, f"<{FLEX}setsPoint>", None)
        if set_.object == f"{point}>" or (not entry.point and set_.object.startswith(f"{point}/"))
        for sent in graphs.match(command, f"<{FLEX}sentAt>", None)
    ]
    said["deviceWasCommanded"] = bool(times)
    sound = [time for time in times if time is not None]
    if sound:
        said["followsCommand"] = datetime.fromisoformat(entry.at) >= min(sound)
    return said


def _of_correction(entry: RegistryEntry, graphs: GraphStore) -> dict[str, bool]:
    corrected = f"<{ID}registry-entry/{segment(entry.corrects)}>"
    relation = f"<{PROV}wasGeneratedBy>" if entry.step in INTERVENTIONS else f"<{FLEX}entryOf>"
    same = any(graphs.match(corrected, relation, f"<{entry.activation}>"))
    said = {"correctsKnownEntry": same}
    if same:
        said["correctsSameKind"] = any(graphs.match(corrected, _TYPE, f"<{FLEX}{STEPS[entry.step]}>"))
        others = graphs.match(None, f"<{PROV}wasRevisionOf>", corrected)
        said["wasCorrectedBefore"] = any(one.subject != f"<{entry.iri}>" for one in others)
    return said


def _stated(entry: RegistryEntry, graphs: GraphStore) -> bool:
    """Whether the same party stated such a figure of the same data point before."""
    point = f"<{ID}point/" + "/".join(map(segment, (entry.ven, entry.point))) + ">"
    agent = f"<{ID}party/{segment(entry.agent or entry.ven)}>"
    wanted = (
        (_TYPE, f"<{FLEX}{STEPS[entry.step]}>"),
        (f"<{FLEX}entryOf>", f"<{entry.activation}>"),
        (f"<{PROV}wasAttributedTo>", agent),
    )
    return any(
        one.subject != f"<{entry.iri}>"
        and all(any(graphs.match(one.subject, predicate, value)) for predicate, value in wanted)
        for one in graphs.match(None, f"<{FLEX}accountsFor>", point)
    )


def _answers(entry: RegistryEntry, graphs: GraphStore) -> list[tuple[int, str]]:
    """Give the VEN's answers to all versions of an event, numbers and opts, by the order of the journal."""
    party = f"<{ID}party/{segment(entry.ven)}>"
    found = []
    for statement in graphs.match(None, f"<{FLEX}eventID>", string(entry.event)):
        node = {s.predicate: s.object for s in graphs.match(statement.subject, None, None)}
        number = lexical(node.get(f"<{FLEX}modificationNumber>", '""'))
        opt = node.get(f"<{FLEX}optType>")
        if opt is None or not number.isdecimal():
            continue
        message = statement.subject.partition("/event-response/")[0].rstrip(">") + ">"
        if node.get(_TYPE) == f"<{FLEX}Opt>":
            message = next((s.subject for s in graphs.match(None, f"<{FLEX}conveys>", statement.subject)), "")
        said = {s.predicate: s.object for s in graphs.match(message, None, None)} if message else {}
        if said.get(f"<{FLEX}ven>") == party and f"<{FLEX}journalRow>" in said:
            row = int(lexical(said[f"<{FLEX}journalRow>"]))
            found.append((row, int(number), opt[1:-1].rpartition("/")[2]))
    return [(number, opt) for _, number, opt in sorted(found)]
