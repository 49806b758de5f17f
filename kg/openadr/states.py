"""The state of VENs and events, as plain data."""

from datetime import datetime
from typing import Any

from kg.openadr.ven import Event, Ven


def ven_state(ven: Ven, now: datetime, patience: float) -> dict[str, Any]:
    """Give the state of a VEN, as plain data; online is who was heard of within so many seconds."""
    heard = ven.last_seen is not None and (now - ven.last_seen).total_seconds() <= patience
    return {
        "ven_id": ven.ven_id,
        "name": ven.name,
        "registration_id": ven.registration_id,
        "registered": bool(ven.registration_id),
        "model": "pull" if ven.pull else "push",
        "profile": ven.profile,
        "last_seen": ven.last_seen.isoformat() if ven.last_seen else None,
        "last_report": ven.last_report.isoformat() if ven.last_report else None,
        "online": bool(ven.registration_id) and heard if ven.pull else None,
        "offers": list(ven.points),
        "waiting": len(ven.outgoing),
        "events": [event_state(event, now) for event in ven.events.values() if not event.over(now)],
        "reports": [
            {"request_id": r.request_id, "specifier": r.specifier, "points": list(r.points),
             "granularity": r.granularity, "accepted": r.accepted, "cancelled": r.cancelled}
            for r in ven.requests.values()
        ],
        "opts": [
            {"opt_id": o.opt_id, "opt_type": o.opt_type, "reason": o.reason, "event_id": o.event_id,
             "resources": [name for name in o.resources if name]}
            for o in ven.opts.values()
        ],
    }  # fmt: skip


def event_state(event: Event, now: datetime) -> dict[str, Any]:
    """Give the state of an event, as plain data."""
    return {
        "event_id": event.event_id,
        "ven_id": event.ven,
        "modification_number": event.number,
        "status": event.status(now),
        "starts_at": event.starts_at.isoformat(),
        "ends_at": event.ends_at.isoformat() if event.ends_at else None,
        "response_required": event.required,
        "opt": event.answer or None,
        "response_code": event.answered or None,
        "test": event.test,
    }
