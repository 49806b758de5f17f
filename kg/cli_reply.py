"""flexkg reply: the command that answers a payload. What it does is in the library."""

import sys
from itertools import islice
from typing import Annotated

import typer

from kg.errors import UsageError
from kg.terminal import REFUSED, tell


def reply(
    file: Annotated[str, typer.Argument(help="A payload file, or `-` for standard input.")],
    profile: Annotated[
        str, typer.Option(help="Strictness: `core`, `strict` or a profile file.", envvar="FLEXKG_PROFILE")
    ] = "core",
    party: Annotated[str, typer.Option(help="venID or vtnID of who answers.")] = "",
    ven: Annotated[str, typer.Option(help="venID that is assigned to a VEN that registers.")] = "",
    registration: Annotated[str, typer.Option(help="registrationID that is assigned to it.")] = "",
    opt_out: Annotated[
        list[str] | None, typer.Option(help="eventID to opt out of; may be repeated. Others are opted in.")
    ] = None,
    max_bytes: Annotated[
        int,
        typer.Option(min=1, help="Largest payload accepted, in bytes.", envvar="FLEXKG_MAX_PAYLOAD_BYTES"),
    ] = 1_048_576,
) -> None:
    """Answer a payload: print the OpenADR message with the response code that its check leads to.

    A message that only ends an exchange gets no reply. Exit code 0: the payload conforms; 1: it does not;
    2: wrong usage or environment.

    Example: `flexkg reply event.xml --party VEN-1 > created.xml`
    """
    from kg.check import checker
    from kg.payloads import find
    from kg.replies import Answerer, reply_to

    sources = list(islice(find([file]), 2))
    if len(sources) != 1:
        raise UsageError("one payload is asked for", where=file, cure="name a file")
    by = Answerer(
        party=party,
        ven=ven,
        registration=registration,
        opts=dict.fromkeys(opt_out or (), "optOut"),
    )
    data = sources[0].data(max_bytes)
    report, answer = reply_to(data, checker(profile), by=by, max_bytes=max_bytes)
    if answer is None:
        tell(f"{report.message_type} ends an exchange: it is not answered")
    else:
        sys.stdout.buffer.write(answer + b"\n")
    if not report.conforms:
        raise typer.Exit(REFUSED)
