"""The directory of one tenant's store: what lies where, and which format it has."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from kg.errors import StoreUnavailable, StoreVersion
from kg.namespaces import VERSION

#: Version of the layout below. A store of a newer version is never opened, one of an older version is.
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class StoreDirectory:
    """Paths of one tenant's store.

    ::

        DIR/flexkg.json       format version and tenant
        DIR/lock              who owns the writers
        DIR/journal.sqlite    every payload, encrypted, in a hash chain
        DIR/journal.head      how far the chain reaches, sealed
        DIR/keys.sqlite       the keys: back them up apart from the journal
        DIR/nonces.sqlite     what signers used once, where signatures are verified
        DIR/graph/            the graph, made from the journal
        DIR/readings/         the readings where they are in columns, made from the journal
        DIR/snapshots/        copies of the graph that queries read, while the service runs
    """

    path: Path
    tenant: str

    @property
    def lock(self) -> Path:
        """Lock file."""
        return self.path / "lock"

    @property
    def journal(self) -> Path:
        """Journal file."""
        return self.path / "journal.sqlite"

    @property
    def head(self) -> Path:
        """Sealed head of the chain."""
        return self.path / "journal.head"

    @property
    def keys(self) -> Path:
        """Key file."""
        return self.path / "keys.sqlite"

    @property
    def nonces(self) -> Path:
        """File of the nonces that were spent."""
        return self.path / "nonces.sqlite"

    @property
    def graph(self) -> Path:
        """Directory of the graph store."""
        return self.path / "graph"

    @property
    def readings(self) -> Path:
        """Directory of readings in columns."""
        return self.path / "readings"

    @property
    def snapshots(self) -> Path:
        """Directory of the copies that queries read."""
        return self.path / "snapshots"


def open_directory(path: str | os.PathLike[str], *, tenant: str = "", create: bool = True) -> StoreDirectory:
    """Open a store directory, or make one.

    Args:
        path: the directory; a new one is made only where nothing or an empty directory is.
        tenant: name of the tenant for a new store (``"default"`` when empty); for an existing one it must be
            empty or the same.
        create: make a store where there is none.

    Returns:
        The paths of the store.

    Raises:
        kg.errors.StoreUnavailable: no store is there, the directory holds something else, belongs to another
            tenant, or cannot be written.
        kg.errors.StoreVersion: the store was made by a newer FlexKG.
    """
    folder = Path(path)
    marker = folder / "flexkg.json"
    try:
        if not marker.is_file():
            if not create:
                raise StoreUnavailable(
                    "there is no FlexKG store",
                    where=str(folder),
                    cure="make one with: flexkg ingest PATH --store DIR",
                )
            _create(folder, marker, tenant or "default")
        stated = json.loads(marker.read_text(encoding="utf-8"))
        version, owner = stated["format_version"], stated["tenant"]
        if not isinstance(version, int) or not isinstance(owner, str):
            raise TypeError("format_version must be a number and tenant a text")
    except OSError as error:
        raise StoreUnavailable(
            f"the store cannot be opened: {error.strerror or error}",
            where=str(folder),
            cure="choose a directory that this user may read and write",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreUnavailable(
            f"the file that describes the store is damaged: {error}",
            where=str(marker),
            cure="restore it from a backup",
        ) from error
    if version > FORMAT_VERSION:
        raise StoreVersion(
            f"the store has format {version}, this FlexKG ({VERSION}) knows formats up to {FORMAT_VERSION}",
            where=str(folder),
            cure="install the newer FlexKG that made it",
        )
    if tenant and tenant != owner:
        raise StoreUnavailable(
            f"the store belongs to tenant {owner}, not to {tenant}",
            where=str(folder),
            cure="use one directory for each tenant",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreUnavailable(
            "the store's directory is not writable",
            where=str(folder),
            cure="choose a directory that this user may read and write",
        )
    return StoreDirectory(folder, owner)


def sync(path: Path) -> None:
    """Put a file's or a directory's state on disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _create(folder: Path, marker: Path, tenant: str) -> None:
    """Write the marker file of a new store, whole or not at all."""
    fresh = marker.with_name("flexkg.json.new")
    if folder.exists() and (not folder.is_dir() or any(entry != fresh for entry in folder.iterdir())):
        raise StoreUnavailable(
            "the path holds something that is no FlexKG store",
            where=str(folder),
            cure="name an empty or a new directory",
        )
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format_version": FORMAT_VERSION, "tenant": tenant, "made_by": f"flexkg {VERSION}"})
    fresh.write_text(text + "\n", encoding="utf-8")
    sync(fresh)
    fresh.replace(marker)
    sync(folder)
