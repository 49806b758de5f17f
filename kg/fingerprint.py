"""What a version of an event asks for, as one digest: equal where nothing that matters was changed."""

import hashlib

from kg.graphs import Facts, below
from kg.namespaces import FLEX, VOCAB

#: What may differ between two messages with the same version: when and in which state it was sent, and where
#: in the message it stood.
_PASSING = frozenset(
    f"<{FLEX}{name}>"
    for name in (
        *("createdAt", "currentValue", "eventStatus", "modifiedAt", "position", "responseRequired"),
        *("versionOf", "vtnComment"),
    )
)
_STATUS = f"<{FLEX}eventStatus>"
_CANCELLED = f"<{VOCAB}eventStatus/cancelled>"


def fingerprint(facts: Facts, version: str) -> str:
    """Give the digest over what a version of an event asks for.

    Args:
        facts: a payload's graph.
        version: IRI of the version in angle brackets.

    Returns:
        SHA-256, hexadecimal. Status and current value do not count, except that the event is cancelled.
    """
    lines, open_, seen = [], [version], {version}
    cancelled = _CANCELLED in facts.get(version, {}).get(_STATUS, ())
    while open_:
        subject = open_.pop()
        for predicate, values in facts.get(subject, {}).items():
            for value in values:
                if predicate not in _PASSING or (subject != version and predicate == f"<{FLEX}position>"):
                    lines.append(f"{subject} {predicate} {value}")
                if value not in seen and value[0] == "<" and below(value, version[1:-1]):
                    seen.add(value)
                    open_.append(value)
    text = "\n".join([*sorted(lines), str(cancelled)])
    return hashlib.sha256(text.encode()).hexdigest()
