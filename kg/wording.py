"""What a finding of a rule says of messages of one standard, where several standards share the rule."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kg.namespaces import DCTERMS, FLEX, SH, VOCAB

#: The property that leads from a shape to other words for it.
WORDING = FLEX + "wording"
_PROFILE = f"{VOCAB}profile/"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a rule for one standard.

    Attributes:
        standard: for example ``"3.1"``.
        message: what is wrong when the rule fails.
        cure: what to do about it.
        source: the clause of that standard.
    """

    standard: str
    message: str
    cure: str
    source: str


def wordings(said: Iterable[Callable[[str], list[str]]]) -> Iterator[Wording]:
    """Read the words that a shape has for single standards.

    Args:
        said: for each node behind ``flex:wording``, what gives the values of a property of it.
    """
    for values in said:
        message, cure, source = (
            next(iter(values(name)), "") for name in (SH + "message", FLEX + "cure", DCTERMS + "source")
        )
        for standard in values(FLEX + "inProfile"):
            yield Wording(standard.removeprefix(_PROFILE), message, cure, source)
