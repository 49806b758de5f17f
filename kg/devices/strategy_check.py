"""The check of a strategy by itself: the form of its table, then rules of ``shapes/devices/strategy.ttl``."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from kg import assets
from kg.binding_tables import load
from kg.devices.check import engine_for, shapes
from kg.devices.strategies import (
    HEAD,
    NUMBERS,
    Flaw,
    Row,
    Strategy,
    cells_of,
    file_of,
    number,
    overlaps,
    row_of,
    rows_of,
    shipped,
)
from kg.errors import AssetError, UsageError
from kg.literals import string
from kg.namespaces import FLEX, RDF, XSD
from kg.report import Report, Violation

_NODE: Final = "urn:flexkg:strategy#"
#: Column -> term of the graph of a row.
_TERMS: Final = {
    **{"signal": "rowSignal", "type": "rowType", "from": "rowFrom", "until": "rowUntil"},
    **{"command": "rowCommand", "do": "rowAct", "number": "rowNumber", "base": "rowBase"},
}
#: Property of a result -> column that it is about.
_COLUMN_OF: Final = {
    **{FLEX + term: column for column, term in _TERMS.items()},
    **{FLEX + "rivalRow": "from", FLEX + "signalKnown": "signal"},
}


def is_strategy(path: Path) -> bool:
    """Tell whether a file below a folder is a strategy: a CSV file whose head begins like one."""
    if path.suffix != ".csv" or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(200).removeprefix(b"\xef\xbb\xbf").startswith(HEAD.encode())


def check_strategy(path: Path, *, engine: str = "shacl") -> Report:
    """Check a file with a strategy by itself.

    Args:
        path: a CSV file.
        engine: SHACL engine.

    Returns:
        As `check_table`.
    """
    try:
        text = assets.text(path)
    except AssetError as error:
        return Report("violates", "strategy", (_flawed(Flaw(1, error.what, error.cure)),))
    return check_table(text, engine=engine)


def check_table(text: str, *, engine: str = "shacl", without: frozenset[str] = frozenset()) -> Report:
    """Check a strategy by itself.

    Args:
        text: CSV.
        engine: SHACL engine.
        without: rule ids to leave out.

    Returns:
        Findings on its form (``CSV``) and of the rules STR; the pointer of a finding is the column, its line
        that of the file.

    >>> [one.rule for one in check_table("signal;type").violations]
    ['CSV']
    """
    found: list[tuple[int, Violation]] = []
    lines: list[str] = []
    rows: list[Row] = []
    for one in cells_of(text):
        if isinstance(one, Flaw):
            found.append((one.line, _flawed(one)))
            continue
        lines += _facts(*one)
        row = row_of(*one)
        rows += [row] if row is not None else []
    rivals: dict[int, int] = {}
    for row, other in overlaps(rows):
        rivals.setdefault(row.line, other.line)
        lines.append(f"<{_NODE}{row.line}> <{FLEX}rivalRow> <{_NODE}{other.line}> .")
    for result in engine_for(engine, without).validate("".join(f"{line}\n" for line in lines)):
        rule = shapes().rules[result.shape]
        line = int(result.focus.rpartition("#")[2])
        column = _COLUMN_OF.get(result.path or "", "")
        told = f"{rule.message[:-1]}: line {rivals[line]}." if column == "from" and line in rivals else ""
        one_more = Violation(
            rule.id,
            result.severity,
            told or rule.message,
            value=None if result.value in (f"<{result.focus}>", _FALSE) else result.value,
            source=rule.source,
            pointer=column or f"line {line}",
            line=line if column else 0,
            cure=rule.cure,
            component=result.component,
        )
        found.append((line, one_more))
    found.sort(key=lambda pair: (pair[0], pair[1].rule, pair[1].value or ""))
    refused = any(one.severity == "Violation" for _, one in found)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Report("violates" if refused else "conforms", "strategy", tuple(one for _, one in found), digest)


_FALSE: Final = f'"false"^^<{XSD}boolean>'


def _flawed(flaw: Flaw) -> Violation:
    what = flaw.what[0].upper() + flaw.what[1:] + "."
    source = "FlexKG; mappings/strategies"
    return Violation("CSV", "Violation", what, pointer=f"line {flaw.line}", cure=flaw.cure, source=source)


def _facts(line: int, cells: dict[str, str]) -> Iterator[str]:
    """Give the graph of a row: its cells that hold something, and whether OpenADR has the signal."""
    node = f"<{_NODE}{line}>"
    yield f"{node} <{RDF}type> <{FLEX}StrategyRow> ."
    unlike = any(cells[end] and number(cells[end]) is None for end in ("from", "until"))
    for column, term in _TERMS.items():
        said = cells[column]
        made = number(said) if column in NUMBERS else None
        if said and not (unlike and made is not None and column != "number"):  # a text has no order
            value = string(said) if made is None else f'"{made:f}"^^<{XSD}decimal>'
            yield f"{node} <{FLEX}{term}> {value} ."
    if cells["signal"] and cells["type"]:
        known = cells["signal"].startswith("x-") or (cells["signal"], cells["type"]) in signals()
        yield f'{node} <{FLEX}signalKnown> "{str(known).lower()}"^^<{XSD}boolean> .'


@cache
def signals() -> frozenset[tuple[str, str]]:
    """Give the pairs of signal name and type that OpenADR has a meaning for."""
    return frozenset((key[0], key[1]) for key in load().signals)


def read_strategy(path: Path) -> Strategy:
    """Read a strategy.

    Args:
        path: a CSV file with the columns ``signal,type,from,until,command,do,number,base,note``.

    Returns:
        Rows by signal and type, in the order of the file.

    Raises:
        kg.errors.AssetError: the file cannot be read, or breaks a rule; names file and line.
    """
    text = assets.text(path)
    for one in check_table(text).violations:
        if one.severity == "Violation":
            line = one.line or one.pointer.removeprefix("line ")
            raise AssetError(f"{one.rule}: {one.message[:-1]}", where=f"{path}:{line}", cure=one.cure)
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows_of(text):
        found.setdefault((row.signal, row.type), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def strategy(name: str, folders: Iterable[Path] = ()) -> Strategy:
    """Give a strategy by its name.

    Args:
        name: name of a shipped one, or of a file in one of ``folders``, which goes before ours.
        folders: folders of a site.

    Raises:
        kg.errors.UsageError: there is none of that name.
        kg.errors.AssetError: its file cannot be read, or breaks a rule.

    >>> strategy("heat-pump")[("SIMPLE", "level")][0].command
    'mode'
    """
    path = file_of(name, folders)
    if path is None:
        raise UsageError(
            f"no strategy is called {name!r}",
            cure=f"use one of {', '.join(sorted(shipped()))}, or add {name}.csv",
        )
    return _shipped(name) if path == shipped().get(name) else read_strategy(path)


@cache
def _shipped(name: str) -> Strategy:
    return read_strategy(shipped()[name])
