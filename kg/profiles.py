"""Levels of strictness: which shape files apply and which severities differ (``shapes/profiles.ttl``)."""

from dataclasses import dataclass
from pathlib import Path

from kg import assets
from kg.errors import UsageError


@dataclass(frozen=True, slots=True)
class Level:
    """A level of strictness.

    Attributes:
        name: for example ``"core"``.
        files: shape files in force.
        severities: rule id -> severity where it differs from the shape's own.
    """

    name: str
    files: tuple[Path, ...]
    severities: tuple[tuple[str, str], ...] = ()


def load_profile(name: str) -> Level:
    """Read a level.

    Raises:
        UsageError: no profile has that name.
    """
    if name not in ("core", "strict"):
        raise UsageError(f"no profile {name!r}")
    files = [p for p in assets.files("shapes", "*.ttl") if p.stem not in ("profiles", "ontology-quality")]
    return Level(name, tuple(files))
