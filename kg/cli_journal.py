"""flexkg journal: the commands about the record. Commands only; what they do is in the library."""

from pathlib import Path
from typing import Annotated

import typer

from kg.errors import UsageError

journal_app = typer.Typer(
    help="Verify the journal, and hand out how far it reaches.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Store = Annotated[Path, typer.Option("--store", help="Directory of the store.", envvar="FLEXKG_STORE")]


@journal_app.command()
def verify(
    store: Store,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that was handed out; may be given again.")
    ] = None,
) -> None:
    """Walk the whole chain: nothing was changed, lost, swapped or cut off.

    A tail that was cut off together with the head shows only against a checkpoint that is kept elsewhere.

    Example: `flexkg journal verify --store ./store --checkpoint kept-elsewhere.jws`
    """
    from kg.checkpoints import fits
    from kg.directory import open_directory
    from kg.journal import Journal

    journal = Journal(open_directory(store, create=False))
    try:
        head = journal.verify()
        print(f"{head.seq} rows verify; the last one has the hash {head.hash.hex()}")
        for path in checkpoint or ():
            handed = fits(journal, _text(path))
            print(f"{path}: row {handed.seq} of {handed.at:%Y-%m-%dT%H:%M:%SZ} is there, unchanged")
    finally:
        journal.close()


@journal_app.command(name="checkpoint")
def checkpoint_(
    store: Store,
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without one.")] = None,
    stamp: Annotated[
        str | None, typer.Option(help="Address of an RFC 3161 authority; its token goes to OUT.tsr.")
    ] = None,
) -> None:
    """Sign how far the journal reaches: give it to others, who can show later what was there.

    Example: `flexkg journal checkpoint --store ./store --out checkpoint.jws`
    """
    from kg.checkpoints import digest, sign
    from kg.directory import open_directory
    from kg.journal import Journal
    from kg.timestamps import authority

    if stamp and out is None:
        raise UsageError("a time-stamp needs a file beside which it goes", cure="add --out FILE")
    journal = Journal(open_directory(store, create=False))
    try:
        text = sign(journal)
    finally:
        journal.close()
    if out is None:
        print(text)
        return
    out.write_text(text + "\n", "ascii")
    print(f"written to {out}")
    if stamp:
        token = out.with_name(out.name + ".tsr")
        token.write_bytes(authority(stamp)(digest(text)))
        print(f"time-stamp written to {token}")


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"the checkpoint cannot be read: {error}", where=str(path), cure="name a file"
        ) from error
