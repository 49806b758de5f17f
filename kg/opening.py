"""Opens the store that the settings name, with the back ends and policies that they ask for."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import UsageError
from kg.ingest import Ingest
from kg.readings.backends import open_readings, place_of
from kg.settings import Settings

if TYPE_CHECKING:
    from kg.notary import Notary


def open_ingest(settings: Settings, *, create: bool = True) -> Ingest:
    """Open the store of the settings.

    Args:
        settings: what the operator set; a store is named.
        create: make a store where there is none.

    Raises:
        kg.errors.StoreError: the store cannot be opened; says by whom it is held or what to do.
        kg.errors.UsageError: signatures are asked for, and no certificates are named.
    """
    assert settings.store is not None
    return Ingest(
        settings.store,
        tenant=settings.tenant,
        profile=settings.profile,
        engine=settings.engine,
        context=settings.rules_across,
        bindings=settings.bindings,
        readings=partial(
            open_readings,
            kind=settings.readings,
            usual="columns" if settings.vtn_id else "graph",
            memory=settings.readings_memory,
            place=partial(place_of, settings),
        ),
        notary=_notary(settings),
        max_bytes=settings.max_payload_bytes,
        batch=settings.batch,
        create=create,
    )


def _notary(settings: Settings) -> "Callable[[Path, str], Notary] | None":
    """Give what opens the notary, None where no signatures are looked at."""
    if settings.signatures == "off":
        return None
    if settings.certificates is None and settings.identity is None:
        raise UsageError(
            "signatures are asked for, and no certificates are registered",
            where="FLEXKG_SIGNATURES",
            cure="name a folder of certificates with FLEXKG_CERTIFICATES, or FLEXKG_IDENTITY",
        )
    from kg.notary import Notary

    registry = settings.identity / "certificates.sqlite" if settings.identity is not None else None
    enforce, folder = settings.signatures == "enforce", settings.certificates
    return lambda nonces, tenant: Notary(
        nonces, enforce=enforce, folder=folder, registry=registry, tenant=tenant
    )
