"""Where the data folders lie: ontology, shapes and mappings, in the installed wheel or in the checkout."""

from functools import cache
from pathlib import Path
from typing import Final

from kg.errors import AssetError
from kg.packages import packages

#: Folders that the wheel carries under ``kg/_data`` and the checkout holds beside the package.
FOLDERS: Final = ("ontology", "shapes", "mappings", "queries")
_PACKAGE: Final = Path(__file__).resolve().parent


@cache
def folder(name: str) -> Path:
    """Find a data folder.

    Args:
        name: one of ``FOLDERS``.

    Returns:
        Its absolute path: ``kg/_data/<name>`` of the installed wheel, else ``<name>`` beside the package.

    Raises:
        kg.errors.AssetError: there is no such folder.

    >>> folder("ontology").name
    'ontology'
    """
    if name not in FOLDERS:
        raise AssetError(f"no data folder is called {name!r}", cure=f"use one of {', '.join(FOLDERS)}")
    for base in (_PACKAGE / "_data", _PACKAGE.parent):
        if (base / name).is_dir():
            return base / name
    raise AssetError(
        f"the data folder {name!r} is missing",
        where=str(_PACKAGE / "_data"),
        cure="install flexkg again, or run it from a full checkout",
    )


def files(name: str, pattern: str) -> list[Path]:
    """List the files of a data folder that fit a pattern: ours, then those of installed packages.

    Args:
        name: one of ``FOLDERS``.
        pattern: a glob below the folder, for example ``"vocab/*.ttl"`` or ``"**/*.ttl"``.

    Returns:
        Absolute paths, ours sorted, then those of each package; empty when nothing fits.

    Raises:
        kg.errors.AssetError: there is no such folder.

    >>> [path.name for path in files("ontology", "vocab/signal*.ttl")]
    ['signalName.ttl', 'signalType.ttl']
    """
    return [path for base in bases(name) for path in sorted(base.glob(pattern)) if path.is_file()]


def bases(name: str) -> list[Path]:
    """List the places of a data folder: ours, then those of installed packages.

    Raises:
        kg.errors.AssetError: there is no such folder.
    """
    return [folder(name), *(package.folder / name for package in packages())]


def text(path: Path) -> str:
    """Read an asset.

    Args:
        path: the file, as ``files`` gives it, or one of a third party.

    Returns:
        Its text.

    Raises:
        kg.errors.AssetError: the file is missing, cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise AssetError("the file is missing", where=str(path), cure="check the path") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AssetError(
            f"the file cannot be read: {reason}", where=str(path), cure="check its rights"
        ) from error
    except UnicodeDecodeError as error:
        raise AssetError(
            f"the file is not UTF-8: byte {error.start} is wrong", where=str(path), cure="save it as UTF-8"
        ) from error


def shipped(name: str) -> Path | None:
    """Find a folder that only the installed wheel carries, made when it was built; None in a checkout."""
    path = _PACKAGE / "_data" / name
    return path if path.is_dir() else None
