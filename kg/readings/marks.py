"""Marks: the file that says which database of ClickHouse is a store's, and the one on readings on their way.

Both change at once or not at all.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from kg.errors import StoreUnavailable

#: Says which database of a cluster is the store's.
MARK = "clickhouse.json"
#: Says which database the readings are on their way to.
MOVING = "rebalance.json"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where readings are.

    Args:
        database: of their tables.
        shards: over how many they are spread.
        cluster: name of the cluster that the tables are of; None where the mark is older than that.
    """

    database: str
    shards: int
    cluster: str | None = None

    def write(self, file: Path) -> None:
        """Put it into a file, on disk when this returns."""
        _write(file, {name: value for name, value in asdict(self).items() if value is not None})

    @classmethod
    def read(cls, file: Path) -> "Mark":
        """Read a file.

        Raises:
            kg.errors.StoreUnavailable: it is lost or damaged.
        """
        try:
            found = json.loads(file.read_text("utf-8"))
            cluster = found.get("cluster")
            return cls(
                str(found["database"]), int(found["shards"]), None if cluster is None else str(cluster)
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreUnavailable(
                "the file that names the database of the readings cannot be read",
                where=str(file),
                cure="restore it, or remove it and make the readings anew with: flexkg rebuild",
            ) from error


@dataclass(frozen=True, slots=True)
class Moving:
    """Readings that are being spread anew.

    Args:
        old: where they are until all of them are copied.
        new: where they are then.
    """

    old: Mark
    new: Mark

    def write(self, folder: Path) -> None:
        """Note it."""
        _write(folder / MOVING, {"old": asdict(self.old), "new": asdict(self.new)})

    @classmethod
    def read(cls, folder: Path) -> "Moving | None":
        """Read the note; None where there is none.

        Raises:
            kg.errors.StoreUnavailable: it is damaged.
        """
        file = folder / MOVING
        if not file.exists():
            return None
        try:
            found = json.loads(file.read_text("utf-8"))
            return cls(Mark(**found["old"]), Mark(**found["new"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreUnavailable(
                "the note on readings that are being spread anew cannot be read",
                where=str(file),
                cure="see which databases there are; then remove the file and the one that does not count",
            ) from error


def remove(file: Path) -> None:
    """Remove a file, for good when this returns."""
    file.unlink(missing_ok=True)
    _sync(file.parent)


def settled(folder: Path) -> None:
    """See that no readings are on their way.

    Args:
        folder: of the marks.

    Raises:
        kg.errors.StoreUnavailable: they are.
    """
    if (folder / MOVING).exists():
        raise StoreUnavailable(
            "the readings are being spread over other shards, which was cut off",
            where=str(folder / MOVING),
            cure="end it with: flexkg readings rebalance; or throw the new tables away: ... rebalance --undo",
            code="readings-moving",
        )


def _write(file: Path, told: Mapping[str, object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".new")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(told) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    with suppress(OSError):  # a file system that has no such thing
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)
