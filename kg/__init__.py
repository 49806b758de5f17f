"""FlexKG: what flexibility messages mean.

``kg.check(payload_bytes)`` checks one OpenADR payload: no store, no network, no configuration. Everything
public is imported from here.
"""

from kg.check import check
from kg.errors import FlexKGError, UnreadablePayload
from kg.lift import Lifted, lift
from kg.lower import Lowered, lower, lowered
from kg.namespaces import VERSION
from kg.report import Report, Violation
from kg.xml import Document, read

__version__ = VERSION

__all__ = [
    "Document",
    "FlexKGError",
    "Lifted",
    "Lowered",
    "Report",
    "UnreadablePayload",
    "Violation",
    "__version__",
    "check",
    "lift",
    "lower",
    "lowered",
    "read",
]
