"""How a VTN behaves, as its operator sets it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from kg.openadr.destinations import Destinations


@dataclass(frozen=True, slots=True)
class Policy:
    """How a VTN behaves.

    Attributes:
        vtn_id: its vtnID.
        poll_frequency: how often VENs are to poll, an OpenADR duration.
        report_every: length of the intervals that reports are asked for, an OpenADR duration; empty: reports
            are only asked for by the operator.
        transports: transports that are offered.
        destinations: where is posted to, for VENs that do not poll.
        seal: signs a message just before it is sent; None: messages go unsigned.
    """

    vtn_id: str
    poll_frequency: str = "PT10S"
    report_every: str = "PT15M"
    transports: tuple[str, ...] = ("simpleHttp",)
    destinations: Destinations = field(default_factory=partial(Destinations, loopback=True))
    seal: Callable[[bytes], bytes] | None = None
