"""What a payload says of times beside the clock: when it was made, what has begun, what is still to come."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from kg.comparisons import Comparison, reports
from kg.graphs import lexical
from kg.literals import date_time
from kg.namespaces import VOCAB
from kg.times import moment, seconds

#: How far clocks may differ and messages be under way: created this long ago, or this far ahead, at most.
PAST = timedelta(seconds=300)
FUTURE = timedelta(seconds=60)

_JUDGED = ("far", "near", "active", "completed")


def compare(c: Comparison, now: datetime) -> None:
    """State between which times the message may have been created, and which statuses do not fit the time."""
    earliest, latest = _shifted(now, -PAST), _shifted(now, FUTURE)
    for kind in ("EventVersion", "Opt", "Report"):
        for node in c.of_class(kind):
            created = _moment(c, node, "createdAt")
            if created is None:
                continue
            c.focus(node, "DatedInContext", "createdAt")
            c.say(node, "latestCreatedAt", _literal(latest))
            if kind == "Opt" or (kind == "Report" and c.message_type == "UpdateReport"):
                c.say(node, "earliestCreatedAt", _literal(earliest))
    for version in c.of_class("EventVersion"):
        _status(c, version, earliest, latest)
    if c.message_type == "UpdateReport":
        for report in c.values(c.message, "report"):
            _readings(c, report, latest)


def _status(c: Comparison, version: str, earliest: datetime, latest: datetime) -> None:
    """State the statuses that an event cannot have at any time of the window."""
    start, end = _moment(c, version, "startsAt"), _moment(c, version, "endsAt")
    if start is None:
        return
    ramp = next((seconds(lexical(v)) for v in c.values(version, "rampUpDuration")), None)
    near = _shifted(start, -timedelta(seconds=min(ramp, 10**9))) if ramp and ramp > 0 else start
    fits = set()
    if earliest < near:
        fits.add("far")
    if earliest < start and (near == start or latest >= near):
        fits.add("near")
    if latest >= start and (end is None or earliest < end):
        fits.add("active")
    if end is not None and latest >= end:
        fits.add("completed")
    c.focus(version, "EventVersionInContext", "eventStatus")
    for status in _JUDGED:
        if status not in fits:
            c.say(version, "unfittingEventStatus", f"<{VOCAB}eventStatus/{status}>")


def _readings(c: Comparison, report: str, latest: datetime) -> None:
    """State which measured data points have readings of the future, the first of each."""
    ven, specifier = c.text(c.message, "venID"), c.text(report, "reportSpecifierID")
    seen = set()
    for interval in c.values(report, "interval"):
        start, end = _moment(c, interval, "startsAt"), _moment(c, interval, "endsAt")
        time = end or start
        if time is None or time <= latest:
            continue
        for reading in c.values(interval, "reading"):
            name = c.text(reading, "rID")
            if name not in seen and reports.measured(c, ven, specifier, name):
                seen.add(name)
                c.focus(reading, "PointInContext")
                c.say(reading, "readAt", _literal(time))
                c.say(reading, "latestReadAt", _literal(latest))


def _moment(c: Comparison, node: str, name: str) -> datetime | None:
    """Read a time that has a zone."""
    time = next((moment(lexical(v)) for v in c.values(node, name) if "dateTime>" in v), None)
    return time if time is not None and time.tzinfo is not None else None


def _shifted(time: datetime, by: timedelta) -> datetime:
    """Shift a time, as far as there are years."""
    try:
        return time + by
    except OverflowError:
        return (datetime.min if by < timedelta() else datetime.max).replace(tzinfo=UTC)


def _literal(time: datetime) -> str:
    with suppress(OverflowError):
        time = time.astimezone(UTC)
    return date_time(time.isoformat().replace("+00:00", "Z"))
