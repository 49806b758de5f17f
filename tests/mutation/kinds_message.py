"""Damage to messages of every kind: identifiers, versions, times without a zone, replies."""

from tests.mutation.damage import Kind, attribute, drop_all, put, twice

_BLANK = "blank|empty|identif"

#: Elements that identify something, and what; each is xs:string in the schema, so it may be blank there.
IDENTIFIERS = {
    "pyld:requestID[not(parent::ei:eiResponse)][not(parent::ei:eventResponse)]": "a request",
    "ei:eventResponse/pyld:requestID": "the request that brought the event",
    "ei:venID[not(parent::ei:eiTarget)]": "the VEN",
    "ei:vtnID": "the VTN",
    "ei:registrationID": "the registration",
    "ei:eventID": "an event",
    "ei:signalID": "a signal",
    "ei:baselineID": "a baseline",
    "ei:baselineName": "a baseline by name",
    "ei:optID": "an opt",
    "ei:eiReportID": "a report",
    "ei:reportRequestID": "a report request",
    "ei:reportSpecifierID": "a report specifier",
    "ei:rID": "a data point",
    "ei:eiTarget/ei:venID": "a target VEN",
    "ei:eiTarget/ei:resourceID": "a target resource",
    "ei:eiTarget/ei:groupID": "a target group",
    "ei:eiTarget/ei:groupName": "a target group by name",
    "ei:eiTarget/ei:partyID": "a target party",
    "ei:reportDataSource/ei:resourceID": "a resource that is measured",
    "ei:eiEventBaseline/ei:resourceID": "a resource of a baseline",
    "power:mrid": "a device",
    "power:node": "a node of the grid",
    "power:pointOfReceipt": "an end of a transport segment",
    "emix:marketContext": "a programme",
}
#: Those that the standard lets be blank: an answer to what had no request, and what is of help only
#: (a VEN may leave eiReportID out, and clients send it blank).
DOUBTFUL = ("ei:eventResponse/pyld:requestID", "emix:marketContext", "ei:baselineName", "ei:eiReportID")

#: Places of a date-time: createdDateTime and so on hold it themselves, the rest in xcal:date-time.
TIMES = {
    "ei:createdDateTime[parent::ei:eventDescriptor]": "the event's creation",
    "ei:modificationDateTime": "the event's change",
    "ei:createdDateTime[parent::oadr:oadrReport]": "the report's creation",
    "ei:createdDateTime[parent::oadr:oadrCreateOpt]": "the opt's creation",
    "ei:eiActivePeriod/xcal:properties/xcal:dtstart/xcal:date-time": "the start of the active period",
    "ei:eiEventBaseline/xcal:dtstart/xcal:date-time": "the start of the baseline",
    "oadr:oadrReport/xcal:dtstart/xcal:date-time": "the start of the report",
    "oadr:oadrReport//ei:interval/xcal:dtstart/xcal:date-time": "the start of an interval's readings",
    "ei:eiEventSignal//ei:interval/xcal:dtstart/xcal:date-time": "the start of a signal's interval",
    "ei:reportInterval/xcal:properties/xcal:dtstart/xcal:date-time": "the start of the reporting period",
    "xcal:available/xcal:properties/xcal:dtstart/xcal:date-time": "the start of an availability",
}

KINDS = [
    *(
        Kind(
            f"blank identifier of {what}",
            f"{path.partition('[')[0].rpartition('/')[2]} identifies {what}; a blank one identifies nothing",
            put(f"//{path}", "" if path == "emix:marketContext" else " "),
            _BLANK + "|missing|absolute URI",
            level="told" if path in DOUBTFUL else "core",
            gap="a name for people to read beside baselineID" if path == "ei:baselineName" else "",
        )
        for path, what in IDENTIFIERS.items()
    ),
    *(
        Kind(
            f"no zone in {what}",
            "a date-time is in UTC and says so (it ends in Z); without a zone it is no instant",
            put(f"//{path}", "2026-03-01T12:00:00"),
            "zone|UTC",
            within="interval" if "interval/" in path else "",
        )
        for path, what in TIMES.items()
    ),
    Kind(
        "schemaVersion of profile 2.0a in a message of 2.0b",
        "schemaVersion is the version of the profile that the message is of",
        attribute("//*[@ei:schemaVersion]", "ei:schemaVersion", "2.0a"),
        "version|profile",
        level="told",
    ),
    Kind(
        "schemaVersion that nobody knows",
        "the versions of the profile are 2.0a and 2.0b; an x- token is for those who agreed on it",
        attribute("//*[@ei:schemaVersion]", "ei:schemaVersion", "x-9.9"),
        "version|profile",
        level="told",
    ),
    Kind(
        "response code that nobody knows",
        "the response codes are 200, 450 to 454, 459 to 463 and 469; any other three digits are doubtful",
        put("//ei:responseCode", "999"),
        "code",
        level="told",
    ),
    Kind(
        "error without a word about it",
        "a refusal should say in responseDescription what is wrong",
        drop_all("//ei:eiResponse[not(starts-with(ei:responseCode, '2'))]/ei:responseDescription"),
        "description|says|words",
        level="told",
    ),
    Kind(
        "event answered twice in one message",
        "each event is answered once: a second answer contradicts the first",
        twice("//ei:eventResponse", ("ei:optType", "optOut")),
        "once|twice|repeat|same event|more than one",
        within="oadrCreatedEvent",
        level="strict",
    ),
    Kind(
        "opt in to what is refused",
        "an event that is answered with an error is not opted in to",
        put("//ei:eventResponse[ei:optType='optIn']/ei:responseCode", "454"),
        "opt|error|refus",
        level="told",
    ),
    Kind(
        "pending report request blank",
        "oadrPendingReports lists report requests by their reportRequestID",
        put("//oadr:oadrPendingReports/ei:reportRequestID", ""),
        _BLANK,
    ),
    Kind(
        "pending report listed twice",
        "oadrPendingReports lists the reports to be delivered, each once",
        twice("//oadr:oadrPendingReports/ei:reportRequestID"),
        "once|twice|repeat|same|more than",
        within="oadrPendingReports",
        level="told",
        gap="a list without order: what is listed twice says nothing else than what is listed once",
    ),
]
