"""Limits that a grid operator sets to the power of a resource, and which of several wishes goes before."""

import json
import logging
import math
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from kg.directory import sync
from kg.gateway.duty import Duty

_log = logging.getLogger("flexkg.gateway")
#: What holds a point that a limit set, where events have their IDs.
LIMIT: Final = "limit"


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit.

    Attributes:
        watts: the most that may be drawn, positive, or fed in, negative; 0: neither.
        until: when it ends, seconds since 1970; infinite for one without an end.
        by: party that set it.
    """

    watts: Decimal
    until: float = math.inf
    by: str = ""

    def in_force(self, now: datetime) -> bool:
        """Whether it counts."""
        return now.timestamp() < self.until


def within(value: Decimal, cap: Decimal) -> bool:
    """Whether a value of a point keeps a limit whose value is ``cap``: on the other side of 0, or no farther.

    >>> within(Decimal(3), Decimal(4)), within(Decimal(-9), Decimal(4)), within(Decimal(5), Decimal(4))
    (True, True, False)
    """
    return value * cap < 0 or abs(value) <= abs(cap)


def precedence(duty: Duty) -> tuple[float, float, str]:
    """Order events that ask for the same point: by priority, 1 before 2 and 0 last; then the later start.

    Source:
        OpenADR 2.0b, oadr_ei_20b.xsd, priority.
    """
    return (duty.priority or math.inf, -duty.event.starts_at.timestamp(), duty.event.event_id)


def load_limit(file: Path) -> Limit | None:
    """Read the limit that a file keeps; None for none, or one that cannot be read, which the log tells."""
    if not file.exists():
        return None
    try:
        said = json.loads(file.read_text("utf-8"))
        until = math.inf if said["until"] is None else float(said["until"])
        return Limit(Decimal(said["watts"]), until, str(said["by"]))
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
        _log.error("%s cannot be read, so no limit is in force: %s", file, error)
        return None


def keep_limit(file: Path, limit: Limit | None) -> None:
    """Write the limit to its file, or take the file away; on disk on return.

    Raises:
        OSError: it cannot be written.
    """
    if limit is None:
        file.unlink(missing_ok=True)
        sync(file.parent)
        return
    said = asdict(limit) | {
        "watts": str(limit.watts),
        "until": None if math.isinf(limit.until) else limit.until,
    }
    fresh = file.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as out:
        out.write(json.dumps(said))
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
    sync(file.parent)
