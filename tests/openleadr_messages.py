"""Messages that openleadr itself writes: one of each template that it has."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from openleadr import objects
from openleadr.messaging import create_message

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RESPONSE = objects.Response(response_code=200, response_description="OK", request_id="req-1")
POWER = objects.Measurement(
    name="powerReal",
    description="RealPower",
    unit="W",
    scale="k",
    power_attributes=objects.PowerAttributes(hertz=50, voltage=230, ac=True),
)
REQUEST = objects.ReportRequest(
    report_request_id="request-1",
    report_specifier=objects.ReportSpecifier(
        report_specifier_id="specifier-1",
        granularity=timedelta(minutes=15),
        report_back_duration=timedelta(minutes=30),
        report_interval=objects.Interval(dtstart=START, duration=HOUR, signal_payload=0),
        specifier_payloads=[objects.SpecifierPayload(r_id="rid-1", reading_type="Direct Read")],
    ),
)
EVENT = objects.Event(
    event_descriptor=objects.EventDescriptor(
        event_id="event-1",
        modification_number=0,
        market_context="http://market.example/",
        event_status="far",
        created_date_time=START,
        modification_date_time=START,
        vtn_comment="a comment",
    ),
    event_signals=[
        objects.EventSignal(
            intervals=[
                objects.Interval(dtstart=START, duration=HOUR, signal_payload=1),
                objects.Interval(dtstart=START + HOUR, duration=HOUR, signal_payload=2),
            ],
            signal_name="SIMPLE",
            signal_type="level",
            signal_id="signal-1",
            current_value=0,
        ),
        objects.EventSignal(
            intervals=[objects.Interval(dtstart=START, duration=2 * HOUR, signal_payload=4.5)],
            signal_name="LOAD_DISPATCH",
            signal_type="setpoint",
            signal_id="signal-2",
            measurement=POWER,
        ),
    ],
    active_period=objects.ActivePeriod(
        dtstart=START,
        duration=2 * HOUR,
        tolerance={"startafter": timedelta(minutes=5)},
        notification_period=HOUR,
        ramp_up_period=timedelta(minutes=10),
        recovery_period=timedelta(minutes=20),
    ),
    targets=[objects.Target(ven_id="ven-1"), objects.Target(resource_id="resource-1")],
)
DESCRIPTION = objects.ReportDescription(
    r_id="rid-1",
    market_context="http://market.example/",
    reading_type="Direct Read",
    report_subject=objects.Target(end_device_asset=objects.EndDeviceAsset(mrid="Energy_Management_System")),
    report_data_source=objects.Target(resource_id="resource-1"),
    report_type="usage",
    sampling_rate=objects.SamplingRate(min_period=timedelta(minutes=1), max_period=HOUR, on_change=False),
    measurement=POWER,
)
READINGS = [
    objects.ReportInterval(
        dtstart=START + n * timedelta(minutes=15),
        duration=timedelta(minutes=15),
        report_payload=objects.ReportPayload(r_id="rid-1", value=10.5 + n, confidence=100, accuracy=1),
    )
    for n in range(4)
]
REPORT: dict[str, Any] = {
    "report_id": "report-1",
    "report_request_id": "request-1",
    "report_specifier_id": "specifier-1",
    "created_date_time": START,
}
PENDING = {"response": RESPONSE, "pending_reports": [{"report_request_id": "request-1"}], "ven_id": "ven-1"}
OPT = {"opt_id": "opt-1", "response": RESPONSE}
PARTY = {"registration_id": "registration-1", "ven_id": "ven-1"}

MESSAGES: dict[str, dict[str, Any]] = {
    "oadrPoll": {"ven_id": "ven-1"},
    "oadrRequestEvent": {"request_id": "req-1", "ven_id": "ven-1", "reply_limit": 5},
    "oadrDistributeEvent": {
        "request_id": "req-1",
        "vtn_id": "vtn-1",
        "response": RESPONSE,
        "events": [EVENT],
    },
    "oadrCreatedEvent": {
        "response": RESPONSE,
        "ven_id": "ven-1",
        "event_responses": [
            {
                "response_code": 200,
                "response_description": "OK",
                "request_id": "req-1",
                "event_id": "event-1",
                "modification_number": 0,
                "opt_type": "optIn",
            }
        ],
    },
    "oadrResponse": {"response": RESPONSE, "ven_id": "ven-1"},
    "oadrCreateOpt": {
        "opt_id": "opt-1",
        "opt_type": "optOut",
        "opt_reason": "economic",
        "ven_id": "ven-1",
        "created_date_time": START,
        "request_id": "req-1",
        "market_context": "http://market.example/",
        "vavailability": {"components": [{"dtstart": START, "duration": HOUR}]},
        "targets": [{"resource_id": "resource-1"}],
        "signal_target_mrid": "Thermostat",
    },
    "oadrCreatedOpt": OPT,
    "oadrCancelOpt": {"request_id": "req-1", "opt_id": "opt-1", "ven_id": "ven-1"},
    "oadrCanceledOpt": OPT,
    "oadrRegisterReport": {
        "request_id": "req-1",
        "ven_id": "ven-1",
        "reports": [
            {
                **REPORT,
                "report_request_id": "0",
                "report_name": "METADATA_TELEMETRY_USAGE",
                "duration": HOUR,
                "report_descriptions": [asdict(DESCRIPTION)],
            }
        ],
    },
    "oadrRegisteredReport": {"response": RESPONSE, "report_requests": [REQUEST], "ven_id": "ven-1"},
    "oadrCreateReport": {"request_id": "req-1", "ven_id": "ven-1", "report_requests": [REQUEST]},
    "oadrCreatedReport": PENDING,
    "oadrUpdateReport": {
        "request_id": "req-1",
        "ven_id": "ven-1",
        "reports": [
            {**REPORT, "report_name": "TELEMETRY_USAGE", "dtstart": START, "intervals": READINGS},
        ],
    },
    "oadrUpdatedReport": {
        "response": RESPONSE,
        "ven_id": "ven-1",
        "cancel_report": {
            "request_id": "req-2",
            "report_request_id": ["request-1", "request-2"],
            "report_to_follow": False,
            "ven_id": "ven-1",
        },
    },
    "oadrCancelReport": {
        "request_id": "req-1",
        "ven_id": "ven-1",
        "report_request_id": "request-1",
        "report_to_follow": True,
    },
    "oadrCanceledReport": PENDING,
    "oadrQueryRegistration": {"request_id": "req-1"},
    "oadrCreatePartyRegistration": {
        **PARTY,
        "request_id": "req-1",
        "profile_name": "2.0b",
        "transport_name": "simpleHttp",
        "transport_address": "http://ven.example/",
        "report_only": False,
        "xml_signature": False,
        "ven_name": "a ven",
        "http_pull_model": True,
    },
    "oadrCreatedPartyRegistration": {
        **PARTY,
        "response": RESPONSE,
        "vtn_id": "vtn-1",
        "profiles": [{"profile_name": "2.0b", "transports": [{"transport_name": "simpleHttp"}]}],
        "requested_oadr_poll_freq": timedelta(seconds=10),
    },
    "oadrCancelPartyRegistration": {**PARTY, "request_id": "req-1"},
    "oadrCanceledPartyRegistration": {**PARTY, "response": RESPONSE},
    "oadrRequestReregistration": {"ven_id": "ven-1"},
}


def message(message_type: str) -> bytes:
    """The message as openleadr puts it on the wire, unsigned, in its oadrPayload."""
    return create_message(message_type, **MESSAGES[message_type]).encode()
