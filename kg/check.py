"""check: graph -> report. Read, lift and a SHACL engine in order; no store, network or configuration."""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from kg.collecting import never
from kg.engines import NAMES, Engine, Result
from kg.engines import engine as make_engine
from kg.errors import AssetError, UnreadablePayload, UsageError
from kg.facts import Facts, facts_of
from kg.lift import Lifted, lift, lifter_for
from kg.plan import Plan
from kg.pointers import place
from kg.programmes import told_by_programme
from kg.report import Report, Violation
from kg.rules import Shapes
from kg.verdict import judge, misshapen, once, repeated, unmapped, unreadable
from kg.wording import Wording
from kg.xml import MAX_BYTES, Document, read
from kg.yarrrml import RDF_TYPE

if TYPE_CHECKING:
    from kg.context import Context

__all__ = ["Checker", "Report", "Violation", "check", "checker"]


def check(
    data: bytes,
    *,
    profile: str = "core",
    engine: str = "compiled",
    max_bytes: int = MAX_BYTES,
    standard: str = "",
    context: "Context | None" = None,
    now: datetime | None = None,
) -> Report:
    """Check one OpenADR payload: schema, structure and meaning.

    Args:
        data: the payload as received.
        profile: level of strictness: ``"core"``, ``"strict"`` or the path of a profile file.
        engine: ``"compiled"`` (fastest), ``"shacl"`` or ``"pyshacl"`` (reference).
        max_bytes: largest payload accepted.
        standard: OpenADR profile asked for, for example ``"2.0a"``; empty for the one the message names.
        context: what is known beside the payload, for the rules across messages; None leaves them out.
        now: the time, with a zone, for the rules that need it; None leaves them out.

    Returns:
        The verdict and every finding with rule, clause, place and cure; bytes that cannot be read give the
        verdict ``"unreadable"``, never an exception.

    Raises:
        kg.errors.UsageError: no such profile, engine or standard; a time without a zone.
        kg.errors.AssetError: a shape, mapping or vocabulary file is broken.

    >>> check(b"<x/>").verdict
    'unreadable'
    """
    made = checker(profile, engine)
    return made.check(data, max_bytes=max_bytes, standard=standard, context=context, now=now)


@lru_cache(maxsize=8)
def checker(profile: str = "core", engine: str = "compiled") -> "Checker":
    """Give the checker for a level and an engine, made once."""
    from kg.profiles import load_profile

    if engine not in NAMES:
        raise UsageError(f"no SHACL engine is called {engine!r}", cure=f"use one of {', '.join(NAMES)}")
    level = load_profile(profile)
    shapes = Shapes(level.files, level.standards)
    unknown = {rule for rule, _ in level.severities} - {rule.id for rule in shapes.rules.values()}
    if unknown:
        raise AssetError(
            f"the profile changes the severity of {sorted(unknown)[0]}, which no shape in it has",
            where=profile,
            cure="name a rule id of its shape files",
        )
    return Checker(shapes, dict(level.severities), engine)


@dataclass(slots=True)
class Checker:
    """Checks payloads at one level with one engine; safe to share between threads.

    Attributes:
        shapes: the shapes in force.
        severities: rule id -> severity where the level differs from the shape.
        engine: name of the engine.
        without: rule ids left out; the tests take rules away one by one.
    """

    shapes: Shapes
    severities: dict[str, str]
    engine: str = "compiled"
    without: frozenset[str] = frozenset()
    _engines: dict[tuple[str, str], Engine | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(
        self,
        data: bytes,
        *,
        max_bytes: int = MAX_BYTES,
        standard: str = "",
        context: "Context | None" = None,
        now: datetime | None = None,
    ) -> Report:
        """Check one payload; see ``kg.check.check``."""
        apart = len(data) > MAX_BYTES and context is None and now is None
        with never():
            return self._examined(data, max_bytes, standard, context, now, apart=apart)[0]

    def examine(
        self,
        data: bytes,
        *,
        max_bytes: int = MAX_BYTES,
        standard: str = "",
        context: "Context | None" = None,
        now: datetime | None = None,
    ) -> tuple[Report, Lifted | None]:
        """Check one payload and give its graph too, None where it could not be lifted."""
        with never():
            return self._examined(data, max_bytes, standard, context, now)

    def _examined(
        self,
        data: bytes,
        max_bytes: int,
        standard: str,
        context: "Context | None",
        now: datetime | None,
        *,
        apart: bool = False,
    ) -> tuple[Report, Lifted | None]:
        try:
            document = read(data, max_bytes=max_bytes, standard=standard)
        except UnreadablePayload as error:
            return unreadable(data, error), None
        if document.schema_errors:
            return misshapen(document), None
        parts = self._in_portions(document) if apart else None
        found: list[Violation] = []
        if parts is not None:
            lifted, found = parts
        else:
            lifted = lift(document)
            told = told_by_programme(lifted, context.node) if context is not None else {}
            made = (self._violation(lifted, result) for result in self.validate(lifted, told))
            found += once(made) if lifted.profile[0] == "3" else made
        if lifted.unmapped or lifted.repeated:
            found += [unmapped(e, lifted.profile, lifted.siblings) for e in lifted.unmapped]
            found += [repeated(e, lifted.profile, lifted.siblings) for e in lifted.repeated]
        if context is not None or now is not None:
            from kg.context import compared

            found += self.against(lifted, compared(lifted, context, now), context is None or context.enforced)
        return judge(lifted.message_type, document.digest, found), lifted

    def _in_portions(self, document: Document) -> tuple[Lifted, list[Violation]] | None:
        """Check a payload a portion at a time; None where that cannot be."""
        engine = self.engine_for(document.profile, document.message_type)
        if self.engine != "compiled" or engine is None or document.profile.startswith("3"):
            return None
        from kg.engines.compiled import Compiled
        from kg.large_payload import findings

        return findings(document, engine, self._violation) if isinstance(engine, Compiled) else None

    def against(self, lifted: Lifted, facts: list[str], enforced: bool = True) -> list[Violation]:
        """Judge a payload by what is known beside it.

        Args:
            lifted: the payload's graph.
            facts: what is known, as ``kg.context.Context.facts`` gives it.
            enforced: False: nothing found is more than a Warning.
        """
        engine = self._context_engine() if facts else None
        if engine is None:
            return []
        found = [self._violation(lifted, result) for result in engine.validate_facts(facts_of(facts))]
        if enforced:
            return found
        return [replace(v, severity="Warning") if v.severity == "Violation" else v for v in found]

    def validate(self, lifted: Lifted, told: Facts | None = None) -> list[Result]:
        """Run the engine over a lifted payload with the vocabulary facts that its concepts need.

        Args:
            lifted: the payload's graph.
            told: what is known of nodes that it names and does not have.
        """
        engine = self.engine_for(lifted.profile, lifted.message_type)
        if engine is None:
            return []
        return engine.validate_facts({**lifted.facts, **lifted.schemes(), **(told or {})}, flat=True)

    def engine_for(self, standard: str, message_type: str) -> Engine | None:
        """Give the engine with the shapes of one message type, compiled on first use; None where none apply.

        Args:
            standard: for example ``"2.0b"``.
            message_type: root element, for example ``"oadrPoll"``.
        """
        key = (standard, message_type)
        if key not in self._engines:
            with self._lock:
                if key not in self._engines:
                    classes = classes_of(standard, message_type)
                    text = self.shapes.for_classes(classes, self.without, standard)
                    self._engines[key] = self._made(text)
        return self._engines[key]

    def _context_engine(self) -> Engine | None:
        """Give the engine with the rules across messages; they hold in every standard."""
        from kg.context import CLASSES

        key = ("", "")
        if key not in self._engines:
            with self._lock:
                if key not in self._engines:
                    text = self.shapes.for_classes(CLASSES, self.without)
                    self._engines[key] = self._made(text)
        return self._engines[key]

    def _made(self, text: str) -> Engine | None:
        if not text.strip():
            return None
        try:
            return make_engine(self.engine, text)
        except AssetError as error:
            raise self.shapes.placed(error) from error

    def _violation(self, lifted: Lifted, result: Result) -> Violation:
        rule = self.shapes.rules.get(result.shape)
        focus = result.focus
        path = result.path or (rule.points_to if rule else None)
        at = place(lifted, f"<{focus}>", _bracketed(path), result.value)
        severity = self.severities.get(rule.id, result.severity) if rule else result.severity
        words = rule.worded(lifted.profile) if rule else None
        return Violation(
            rule=rule.id if rule else result.shape,
            severity=severity,
            message=words.message
            if isinstance(words, Wording)
            else result.message or (words.message if words else result.component),
            focus=focus,
            value=None if result.value == f"<{focus}>" else result.value,
            source=words.source if words else "",
            pointer=at.pointer if at else "",
            line=at.line if at else 0,
            cure=words.cure if words else "",
            response_code=rule.response_code if rule else "",
            component=result.component,
            path=result.path if result.path and "<" not in result.path else "",
        )


def _bracketed(path: str | None) -> str | None:
    return f"<{path}>" if path and "<" not in path else path


@lru_cache(maxsize=64)
def classes_of(standard: str, message_type: str) -> tuple[str, ...]:
    """Classes that the graph of a message type can hold, from its mapping.

    Raises:
        UsageError: no mapping serves that message type.
    """
    lifter = lifter_for(standard)
    root = next((plan for tag, plan in lifter.roots.items() if tag.rpartition("}")[2] == message_type), None)
    if root is None:
        raise UsageError(f"no message type {message_type!r} in OpenADR {standard}")
    found: dict[str, None] = {}
    seen: set[str] = set()
    open_: list[Plan] = [root, *(plan for plan in lifter.roots.values() if plan.name == "Envelope")]
    while open_:
        plan = open_.pop()
        if plan.name in seen:
            continue
        seen.add(plan.name)
        for rule in plan.mapping.rules:
            if rule.mapping:
                open_.append(lifter.plans[rule.mapping])
            elif rule.predicate == RDF_TYPE and rule.term is not None:
                found[rule.term.parts[0]] = None
    return tuple(found)
