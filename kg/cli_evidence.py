"""flexkg evidence: the command that writes and verifies evidence packs. What it does is in the library."""

import errno
import lzma
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError
from kg.render import printable
from kg.terminal import REFUSED

#: What is raised for a zip file that is damaged, by how it is packed; of OSError only what no disk says.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
_NO_DISK = (None, errno.EINVAL, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR)
#: Bytes that a zip file may unpack to.
_LARGEST = 2**30


def evidence(
    event: Annotated[str, typer.Argument(help="eventID; or `verify`, or `key`.")],
    pack: Annotated[
        Path | None, typer.Argument(help="After `verify`: the pack, a folder or a zip file.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write the pack to; a new one.")] = None,
    store: Annotated[
        Path | None, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")
    ] = None,
    vtn: Annotated[str, typer.Option(help="vtnID, where several VTNs have such an event.")] = "",
    reports: Annotated[
        bool,
        typer.Option("--reports", help="With the whole reports of the days that a baseline is the mean of."),
    ] = False,
    key: Annotated[
        Path | None, typer.Option(help="After `verify`: public key that was handed out before, PEM.")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="After `verify`: a checkpoint that was handed out before; has the key."),
    ] = None,
) -> None:
    """Write the evidence pack of an event, or verify one without any store.

    `flexkg evidence key` prints the public key to hand out beforehand: the one of the journal's checkpoints.
    Verifying works out baseline, delivery and deviation again from the readings in the pack.
    Exit code 1: a pack does not hold, or is damaged.

    Examples: `flexkg evidence E-7 --store ./store --out pack`, `flexkg evidence verify pack --key public.pem`
    """
    if event == "verify":
        if pack is None:
            raise UsageError("no pack is named", cure="flexkg evidence verify FOLDER")
        _verify(pack, key, checkpoint)
        return
    if store is None:
        raise UsageError("no store is named", where="--store", cure="give the directory of a store")
    from kg.activation.pack import make_pack
    from kg.ingest import Ingest
    from kg.seal import public_of

    if event == "key":
        print(public_of(store).decode(), end="")
        return
    if out is None:
        raise UsageError("no folder is named", where="--out", cure="say where to write the pack")
    with Ingest(store, create=False) as ingest:
        rows = make_pack(ingest, event, out, vtn=vtn, reports=reports)
    print(f"{out}: {rows} messages and entries; verify with: flexkg evidence verify {out}")


def _verify(pack: Path, key: Path | None, checkpoint: Path | None) -> None:
    from kg.activation.verification import Verified, verify_pack

    public = _given(key, "key") if key is not None else None
    handed = _given(checkpoint, "checkpoint").decode("ascii", "replace") if checkpoint is not None else ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            opened = _unpacked(pack, Path(folder)) if pack.is_file() else pack
        except UsageError as error:
            found = Verified("", 0, "", False, [str(error)])
        else:
            found = verify_pack(opened, public, handed)
    for fault in found.faults:
        print(f"fault: {printable(fault)}")
    for note in found.notes:
        print(f"note: {printable(note)}")
    if found.figures:
        print(f"worked out again from the readings: {found.figures} figures, the same")
    state = "holds" if found.holds else "does not hold"
    about = f"event {printable(found.event)}: {found.rows} messages and entries" if found.key else "the pack"
    print(f"{about}{f', signed with key {found.key[:16]}' if found.key else ''}: {state}")
    if not found.holds:
        raise typer.Exit(REFUSED)


def _given(path: Path, what: str) -> bytes:
    """Read a file that the caller names."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the {what} cannot be read: {error.strerror}", where=str(path), cure="check the path"
        ) from error


def _unpacked(pack: Path, folder: Path) -> Path:
    """Unpack a zip file; gives the folder in it that holds the pack.

    Raises:
        UsageError: it is damaged, or would become too large.
    """
    try:
        with zipfile.ZipFile(pack) as archive:
            if sum(one.file_size for one in archive.infolist()) > _LARGEST:
                raise UsageError("the zip file is too large", where=str(pack), cure="unpack it")
            archive.extractall(folder)
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_DISK:
            raise
        raise UsageError(f"the zip file is damaged: {error}", where=str(pack), cure="get it anew") from error
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
