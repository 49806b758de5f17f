"""flexkg evidence: the command that writes and verifies evidence packs. What it does is in the library."""

import tempfile
import zipfile
from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError
from kg.terminal import REFUSED

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
    key: Annotated[
        Path | None, typer.Option(help="After `verify`: public key that was handed out before, PEM.")
    ] = None,
) -> None:
    """Write the evidence pack of an event, or verify one without any store.

    `flexkg evidence key` prints the public key to hand out beforehand. Exit code 1: a pack does not hold.

    Examples: `flexkg evidence E-7 --store ./store --out pack`, `flexkg evidence verify pack --key public.pem`
    """
    if event == "verify":
        if pack is None:
            raise UsageError("no pack is named", cure="flexkg evidence verify FOLDER")
        _verify(pack, key)
        return
    if store is None:
        raise UsageError("no store is named", where="--store", cure="give the directory of a store")
    from kg.activation.pack import evidence_key, make_pack, public_pem
    from kg.ingest import Ingest

    if event == "key":
        if not store.is_dir():
            raise UsageError("there is no store", where=str(store), cure="name the directory of a store")
        print(public_pem(evidence_key(store)).decode(), end="")
        return
    if out is None:
        raise UsageError("no folder is named", where="--out", cure="say where to write the pack")
    with Ingest(store, create=False) as ingest:
        rows = make_pack(ingest, event, out, vtn=vtn)
    print(f"{out}: {rows} messages and entries; verify with: flexkg evidence verify {out}")


def _verify(pack: Path, key: Path | None) -> None:
    from kg.activation.verification import verify_pack

    try:
        public = key.read_bytes() if key is not None else None
    except OSError as error:
        raise UsageError(
            f"the key cannot be read: {error.strerror}", where=str(key), cure="check the path"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        if pack.is_file():
            try:
                with zipfile.ZipFile(pack) as archive:
                    if sum(one.file_size for one in archive.infolist()) > _LARGEST:
                        raise UsageError("the zip file is too large", where=str(pack), cure="unpack it")
                    archive.extractall(folder)
            except (zipfile.BadZipFile, OSError) as error:
                raise UsageError("the zip file cannot be read", where=str(pack), cure="unpack it") from error
        found = verify_pack(Path(folder) if pack.is_file() else pack, public)
    for fault in found.faults:
        print(f"fault: {fault}")
    for note in found.notes:
        print(f"note: {note}")
    state = "holds" if found.holds else "does not hold"
    print(
        f"event {found.event}: {found.rows} messages and entries, signed with key {found.key[:16]}: {state}"
    )
    if not found.holds:
        raise typer.Exit(REFUSED)
