"""lift: payload -> graph. One walk over the tree with the plan of its mapping file gives N-Triples text."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kg import assets
from kg.casting import Casting
from kg.errors import AssetError
from kg.implied import implied
from kg.lifted import Lifted
from kg.mapping_files import served
from kg.namespaces import SKOS, VOCAB
from kg.plan import Plan, compile_file, element_name
from kg.portions import Portions
from kg.strides import ready
from kg.times import Clock
from kg.twins import twins
from kg.walk import Walk
from kg.xml import Document
from kg.yarrrml import MappingFile, load

_IN_SCHEME = f"<{SKOS}inScheme>"

__all__ = ["Lifted", "Lifter", "lift", "lifter_for", "mapping_files"]


@dataclass(frozen=True, slots=True)
class Lifter:
    """A mapping file, compiled: the plan of each message by the name of its root element."""

    source: MappingFile
    plans: dict[str, Plan]
    roots: dict[str, Plan]
    ignored: frozenset[str]
    #: the ignored ones that say nothing because they are empty
    hollow: frozenset[str] = frozenset()
    #: whether the file is for JSON
    json: bool = False

    @property
    def profile(self) -> str:
        """The profile that the file serves, for example ``"2.0b"``."""
        return str(self.source.settings["profile"])


def lift(document: Document, *, plainly: bool = False, portions: Portions | None = None) -> Lifted:
    """Lift a payload into a graph.

    Args:
        document: a payload as ``kg.xml.read`` gives it; it should be schema-valid.
        plainly: walk every element, and use no moulds.
        portions: takes what comes many times, a portion at a time; it is then not in the graph.

    Returns:
        Its graph: IRIs from the message's own identifiers, typed literals, concepts, starts and ends.

    Raises:
        AssetError: no mapping file serves the document's profile and message.
        kg.portions.Undivided: the message cannot be seen in portions.
    """
    lifter = lifter_for(document.profile)
    plan = lifter.roots.get(document.body.tag)
    if plan is None:
        raise AssetError(f"no mapping for {document.message_type}", where=str(lifter.source.path))
    message = plan.subject(document.body, "", 0, document.digest)
    lifted = Lifted(message, document.message_type, document.profile)
    clock = Clock()
    walk = Walk(lifted, clock, document.digest, lifter.ignored, lifter.hollow)
    if not (plainly or lifter.json):
        walk.casting = Casting(walk, document.data, portions)
    plan.run(walk, document.body, "", 0)
    if document.root is not document.body:
        envelope = lifter.roots.get(document.root.tag)
        if envelope is not None:
            walk.open(
                envelope, document.root, f"<{envelope.subject(document.root, '', 0, document.digest)}>", "", 0
            )
    if lifter.json:
        _settle(lifted, lifter, clock)
    used = walk.casting is not None and walk.casting.used
    walk.casting = None  # and with it the text of the message
    if portions is not None and portions.runs:
        portions.run(walk, clock)
    else:
        clock.complete(walk.add)
    walk.settle()
    if used:
        lifted.walked = lambda: lift(document, plainly=True).nodes
    return lifted


def _settle(lifted: Lifted, lifter: Lifter, clock: Clock) -> None:
    """Add what the parts of a JSON message imply, and put right what only XML has.

    No object has a member twice, but the items of lists share a name; an element that several mappings walk
    is unmapped once.
    """
    lifted.repeated.clear()
    lifted.unmapped[:] = dict.fromkeys(lifted.unmapped)
    following = [*implied(lifter.source, lifted.facts), *twins(lifted)]
    for subject, predicate, value in following:
        held = lifted.facts.setdefault(subject, {})
        if value not in held.get(predicate, ()):
            held[predicate] = [*held.get(predicate, ()), value]
    plans = {id(plan): plan for _, plan in lifted.nodes.values()}.values()
    ends = [value for plan in plans for _, value in plan.constants] + [value for _, _, value in following]
    lifted.concepts |= {value for value in ends if value.startswith(f"<{VOCAB}")}
    names = lifter.source.settings.get("totals", ())
    clock.whole = {subject for subject, (_, made) in lifted.nodes.items() if made.name in names}


def mapping_files(extra: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Payload mapping files: the shipped ones, then those in the folders given."""
    yield from assets.files("mappings", "payloads/*.yml")
    for folder in extra:
        yield from sorted(folder.glob("*.yml"))


@lru_cache(maxsize=16)
def lifter_for(profile: str) -> Lifter:
    """Give the compiled mapping file that serves a profile.

    Raises:
        AssetError: there is none, or it does not compile.
    """
    for path in mapping_files():
        if profile in served(path):
            source = load(path)
            plans = compile_file(source)
            for plan in plans.values():
                ready(plan)
            roots = {plan.mapping.iterators[0][-1]: plan for plan in plans.values() if plan.mapping.root}
            left = {element_name(source, e["path"]): e for e in source.settings.get("ignored", ())}
            hollow = frozenset(name for name, entry in left.items() if entry.get("empty"))
            return Lifter(
                source, plans, roots, frozenset(left), hollow, source.settings.get("syntax") == "json"
            )
    raise AssetError(
        f"no mapping file for the profile {profile!r}", where="mappings/payloads", cure="add one"
    )
