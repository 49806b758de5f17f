"""What the programme of an event of OpenADR 3 says of its values, where the event itself does not."""

from collections.abc import Callable

from kg.facts import Facts, plain
from kg.lifted import Lifted
from kg.literals import segment
from kg.namespaces import FLEX, ID

_DESCRIBED, _KIND = f"<{FLEX}describedBy>", f"<{FLEX}payloadType>"
_TOLD = tuple(f"<{FLEX}{name}>" for name in ("payloadType", "payloadUnits", "payloadCurrency"))


def told_by_programme(lifted: Lifted, node: Callable[[str], dict[str, list[str]]]) -> Facts:
    """Describe the payload types of an event that it does not describe, as its programme does.

    Args:
        lifted: the graph of an object of OpenADR 3.
        node: gives what is known of a subject in angle brackets, by predicate.

    Returns:
        What is said of the descriptors that the event lacks, by their subjects; empty where nothing is known.

    Source:
        OpenADR 3.1.0, openadr3.yaml, programRequest (payloadDescriptors).
    """
    found: Facts = {}
    if lifted.profile[0] != "3":
        return found
    facts = lifted.facts
    for about in facts.values():
        for programme in about.get(f"<{FLEX}marketContext>", ()):
            lacking = {
                kind: descriptor
                for signal in about.get(f"<{FLEX}signal>", ())
                for kind in facts[signal].get(_KIND, ())
                for descriptor in facts[signal].get(_DESCRIBED, ())
                if descriptor not in facts
            }
            said = node(f"<{ID}program/{segment(plain(programme))}>") if lacking else {}
            for descriptor in map(node, said.get(f"<{FLEX}payloadDescriptor>", ())):
                for kind in descriptor.get(_KIND, ()):
                    if kind in lacking:
                        found[lacking[kind]] = {
                            name: descriptor[name] for name in _TOLD if name in descriptor
                        }
    return found
