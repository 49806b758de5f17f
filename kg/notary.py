"""The notary of a store: verifies what comes in as the operator asks, each nonce once, and says so."""

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import unquote

from kg.certificates import Trust
from kg.errors import StoreUnavailable, UnreadablePayload, UsageError
from kg.identity.registry import Registry
from kg.json_reader import looks_like_json
from kg.namespaces import ID
from kg.nonces import Nonces
from kg.report import Report, Violation
from kg.signature_verdict import SignatureVerdict
from kg.signatures import verify
from kg.subjects import parties_in
from kg.verdict import judge
from kg.xml import read

#: Seconds after which the registered certificates are read anew: so soon a revocation counts.
_FRESH: Final = 30.0


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the notary says of a payload.

    Attributes:
        verdict: what became of its signature.
        findings: what is to be told; Violations where signatures are enforced, else Warnings.
        lines: the verdict as N-Triples about the message.
        refusal: the report on a payload that is refused before anything else of it is looked at, else None.
    """

    verdict: SignatureVerdict
    findings: tuple[Violation, ...]
    lines: tuple[str, ...]
    refusal: Report | None


class Notary:
    """Verifies signatures against the registered certificates.

    Args:
        nonces: file of the nonces that were spent, beside the journal.
        enforce: refuse what is not signed, or not well; else warn of bad signatures.
        folder: certificates by party: ``<venID or vtnID>.pem``, or a folder of that name with several while
            one is renewed; what no file name can hold is percent-encoded.
        registry: file of the certificates of enrolled devices.
        tenant: whose devices count.

    Raises:
        kg.errors.UsageError: a file of the folder is no certificate.
        kg.errors.StoreError: a file cannot be opened.
    """

    def __init__(
        self,
        nonces: Path,
        *,
        enforce: bool,
        folder: Path | None = None,
        registry: Path | None = None,
        tenant: str = "",
    ) -> None:
        self._enforce, self._folder, self._tenant = enforce, folder, tenant
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._registry = Registry(registry) if registry is not None else None
        try:
            self._trust = self._registered()
            self._nonces = Nonces(nonces)
        except BaseException:
            self._close_registry()
            raise

    def close(self) -> None:
        """Close the files."""
        self._nonces.close()
        self._close_registry()

    def __enter__(self) -> "Notary":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def examine(self, data: bytes, *, sender: str = "", max_bytes: int) -> Sealed | None:
        """Verify a payload as it was received; a good one spends its nonce.

        Args:
            data: the bytes.
            sender: the party that the transport knows as its sender; else the one that the message names.
            max_bytes: largest payload that is read.

        Returns:
            What is to be told; None of what cannot be read, and of JSON, which is not signed in OpenADR 3.

        Raises:
            kg.errors.StoreUnavailable: the nonces cannot be written; the message must not be taken.
        """
        if looks_like_json(data):
            return None
        try:
            document = read(data, max_bytes=max_bytes)
        except UnreadablePayload:
            return None
        party = sender or parties_in(document.root).sender
        verdict = verify(
            document,
            self._certificates(),
            nonces=self._nonces,
            policy="require" if self._enforce else "accept",
            sender=party or None,
        )
        found = verdict.findings
        if not self._enforce:
            found = tuple(replace(one, severity="Warning") for one in found)
        lines = tuple(verdict.lines(f"{ID}message/{document.digest}"))
        refused = self._enforce and found
        report = judge(document.message_type, document.digest, list(found)) if refused else None
        return Sealed(verdict, found, lines, report)

    def _certificates(self) -> Trust:
        """Give the registered certificates, read anew after a while."""
        with self._lock:
            if time.monotonic() - self._read_at > _FRESH:
                try:
                    self._trust = self._registered()
                except (UsageError, OSError) as error:  # not the sender's fault
                    raise StoreUnavailable(
                        f"the registered certificates cannot be read: {error}",
                        where=str(self._folder),
                        cure="keep certificates only there",
                    ) from error
            return self._trust

    def _registered(self) -> Trust:
        found: dict[str, list[bytes | str]] = {}
        for path in sorted(self._folder.iterdir()) if self._folder is not None else ():
            if path.is_dir():
                found[unquote(path.name)] = [_certificate(one) for one in sorted(path.iterdir())]
            elif path.suffix in (".pem", ".der", ".crt"):
                found.setdefault(unquote(path.stem), []).append(_certificate(path))
        if self._registry is not None:
            for party, several in self._registry.trusted(self._tenant).items():
                found.setdefault(party, []).extend(several)
        self._read_at = time.monotonic()
        return Trust(found)

    def _close_registry(self) -> None:
        if self._registry is not None:
            self._registry.close()


def _certificate(path: Path) -> bytes:
    """Read a file that holds a certificate."""
    try:
        data = path.read_bytes()
        Trust({"": data})
    except OSError as error:
        raise UsageError(
            f"the certificate cannot be read: {error.strerror}", where=str(path), cure="check the file"
        ) from error
    except UsageError as error:
        raise UsageError(error.what, where=str(path), cure="keep certificates only there") from error
    return data
