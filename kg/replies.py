"""reply: report -> the OpenADR message that answers: a graph, lowered by the mapping file that lifts it."""

from kg.answering import FINAL, REPLIES, RESPONSE, Answerer, Reply, Status, overall, status
from kg.check import Checker
from kg.errors import UsageError
from kg.json_reader import looks_like_json
from kg.lift import Lifted
from kg.namespaces import FLEX, VOCAB
from kg.reply_graph import ReplyGraph
from kg.report import Report, Violation
from kg.statements import Statements, name
from kg.xml import MAX_BYTES, read

__all__ = ["Answerer", "reply", "reply_of", "reply_to"]

PAYLOADS = "http://docs.oasis-open.org/ns/energyinterop/201110/payloads"


def reply(
    report: Report,
    lifted: Lifted | None = None,
    *,
    by: Answerer | None = None,
    request_id: str = "",
    standard: str = "2.0b",
) -> bytes | None:
    """Make the message that answers a checked one.

    Args:
        report: what the check found.
        lifted: the message's graph; None where it could not be lifted, and an oadrResponse answers.
        by: who answers, with what only he knows.
        request_id: requestID to repeat where there is no graph; empty where it is unknown.
        standard: profile of the reply where there is no graph: ``"2.0b"`` or ``"2.0a"``.

    Returns:
        The reply in an oadrPayload (2.0a: bare), valid against the schema; None for a message that ends an
        exchange.

    Raises:
        UsageError: a registration is accepted and no identifiers are assigned to it.

    Source:
        OpenADR 2.0b Profile Specification, service operations and application error codes.
    """
    if report.message_type in FINAL:
        return None
    by = by or Answerer()
    if lifted is None:
        return ReplyGraph(standard, RESPONSE, overall(report), request_id).lower()
    request = _Request(lifted)
    row = REPLIES[lifted.message_type]
    made = None
    if row.message_type == "oadrCreatedEvent":
        made = _created_event(request, report, by)
    elif row.message_type == "oadrCreatedPartyRegistration":
        made = _created_party_registration(request, report, by)
    elif all(request.one(need) for need in row.needs):
        made = _plain(request, row, overall(report))
    if made is None:
        made = _plain(request, Reply(RESPONSE, row.source, keeps=("venID",)), overall(report))
    if row.message_type in ("oadrCreatedReport", "oadrCanceledReport"):
        accepted = request.report_requests if overall(report).ok else ()
        made.pending(dict.fromkeys([*by.pending, *accepted]))
    return made.lower()


def reply_to(
    data: bytes, checker: Checker, *, by: Answerer | None = None, max_bytes: int = MAX_BYTES
) -> tuple[Report, bytes | None]:
    """Check a payload and make the message that answers it.

    Args:
        data: the payload as received.
        checker: checks it, at its level.
        by: who answers, with what only he knows.
        max_bytes: largest payload accepted.

    Returns:
        What was found, and the reply; None instead of it for a message that ends an exchange, and for one of
        OpenADR 3.

    Raises:
        UsageError: a registration is accepted and no identifiers are assigned to it.
    """
    report, lifted = checker.examine(data, max_bytes=max_bytes)
    return report, reply_of(data, report, lifted, by=by)


def reply_of(
    data: bytes, report: Report, lifted: Lifted | None, *, by: Answerer | None = None
) -> bytes | None:
    """Make the message that answers a payload that was checked.

    Args:
        data: the payload as received.
        report: what was found.
        lifted: its graph, where it could be lifted.
        by: who answers, with what only he knows.

    Returns:
        The reply; None for a message that ends an exchange, and for one of OpenADR 3.

    Raises:
        UsageError: a registration is accepted and no identifiers are assigned to it.
    """
    if looks_like_json(data):  # OpenADR 3 answers with an HTTP status, not with a message
        return None
    request_id, standard = "", "2.0b"
    if lifted is None and report.message_type:
        document = read(data, max_bytes=len(data))
        found = document.body.find(f".//{{{PAYLOADS}}}requestID")
        request_id = (found.text or "") if found is not None else ""
        standard = document.profile
    return reply(report, lifted, by=by, request_id=request_id, standard=standard)


class _Request:
    """What a reply needs of the message that it answers."""

    def __init__(self, lifted: Lifted) -> None:
        self.lifted = lifted
        self.statements = Statements.of(lifted.ntriples)
        conveyed = self.statements.objects(lifted.message, FLEX + "conveys")
        self.conveyed = list(dict.fromkeys(name(node) for node in conveyed))

    def texts(self, node: str, term: str) -> list[str]:
        """List the values of a property, without blank ones; of a concept its notation."""
        found = self.statements.objects(node, FLEX + term)
        return [text for one in found if (text := _text(name(one))).strip()]

    def one(self, term: str) -> str:
        """Give the one value of a property of the message, or of what it conveys; else nothing."""
        for node in (self.lifted.message, *self.conveyed):
            found = self.texts(node, term)
            if found:
                return found[0] if len(found) == 1 else ""
        return ""

    @property
    def request_id(self) -> str:
        """Identifier to repeat: the message's own, else that of the request that it answers."""
        own = self.one("requestID")
        if own:
            return own
        responses = self.statements.objects(self.lifted.message, FLEX + "response")
        answered = [text for node in responses for text in self.texts(name(node), "answersRequestID")]
        return answered[0] if answered else ""

    @property
    def report_requests(self) -> list[str]:
        """The reportRequestIDs of the reports that are asked for."""
        nodes = self.statements.objects(self.lifted.message, FLEX + "reportRequest")
        return [text for node in nodes for text in self.texts(name(node), "reportRequestID")]


def _text(text: str) -> str:
    """Give the notation of a concept; other text as it is."""
    return text.rpartition("/")[2] if text.startswith(VOCAB) else text


def _plain(request: _Request, row: Reply, outcome: Status) -> ReplyGraph:
    """Make a reply that has a status and repeats what the request says."""
    made = ReplyGraph(request.lifted.profile, row.message_type, outcome, request.request_id)
    for term in (*row.needs, *row.keeps):
        made.text(term, request.one(term))
    return made


def _created_event(request: _Request, report: Report, by: Answerer) -> ReplyGraph | None:
    """Answer each event by its own findings; None where none is to be answered, or by nobody known."""
    versions: dict[str, list[str]] = {}
    for node in request.conveyed:
        for event in _event_ids(request, node):
            versions.setdefault(event, []).append(node)
    own = {node: _findings(request, node, report) for nodes in versions.values() for node in nodes}
    of_events = {id(one) for findings in own.values() for one in findings}
    general = status(one for one in report.violations if id(one) not in of_events)
    if by.whole and not overall(report).ok:
        general = overall(report)
    answered: list[tuple[Status, tuple[str, str], str]] = []
    for event, nodes in versions.items():
        outcome = status(one for node in nodes for one in own[node])
        outcome = general if outcome.ok else outcome
        asked = any("always" in request.texts(node, "responseRequired") for node in nodes)
        if asked or not outcome.ok:
            numbers = [number for node in nodes for number in request.texts(node, "modificationNumber")]
            opt = by.opts.get(event, "optIn") if outcome.ok else "optOut"
            answered.append((outcome, (event, max(numbers, key=int)), opt))
    addressees = {ven for nodes in versions.values() for node in nodes for ven in _vens(request, node)}
    party = by.party or (addressees.pop() if len(addressees) == 1 else "")
    if not answered or not party:
        return None
    made = ReplyGraph(request.lifted.profile, "oadrCreatedEvent", general, request.request_id)
    for position, (outcome, version, opt) in enumerate(answered):
        made.event(position, outcome, request.request_id, version, opt)
    made.text("venID", party)
    return made


def _event_ids(request: _Request, version: str) -> list[str]:
    events = request.statements.objects(version, FLEX + "versionOf")
    return [text for event in events for text in request.texts(name(event), "eventID")]


def _vens(request: _Request, version: str) -> list[str]:
    targets = request.statements.objects(version, FLEX + "target")
    return [text for target in targets for text in request.texts(name(target), "venID")]


def _findings(request: _Request, version: str, report: Report) -> list[Violation]:
    """List what was found at a version of an event, at anything below it, and at the event."""
    events = {name(event) for event in request.statements.objects(version, FLEX + "versionOf")}
    return [
        one
        for one in report.violations
        if one.focus == version or one.focus.startswith(version + "/") or one.focus in events
    ]


def _created_party_registration(request: _Request, report: Report, by: Answerer) -> ReplyGraph | None:
    """Answer a query or a registration; None where the answering VTN is not named."""
    if not by.party:
        return None
    outcome = overall(report)
    made = ReplyGraph(request.lifted.profile, "oadrCreatedPartyRegistration", outcome, request.request_id)
    if request.lifted.message_type == "oadrCreatePartyRegistration" and outcome.ok:
        registration = by.registration or request.one("registrationID")
        ven = by.ven or request.one("venID")
        if not registration or not ven:
            raise UsageError(
                "a registration is accepted by assigning it a registrationID and a venID",
                where=f"requestID {request.request_id}",
                cure="say which were assigned",
            )
        made.text("registrationID", registration)
        made.text("venID", ven)
    made.text("vtnID", by.party)
    made.offer(by.transports)
    if by.poll_frequency:
        made.duration("pollFrequency", by.poll_frequency)
    return made
