"""Tenants: a store directory each, under one root; opened when they are asked for.

What one tenant's request reads is its own store and nothing else: another directory, another engine handle,
other query workers. There is no query that could be written to see two of them.
"""

import re
import threading
from pathlib import Path

from kg.errors import UsageError
from kg.service import Service
from kg.settings import Settings
from kg.sparql.bounds import Bounds

#: A tenant's name is the name of its directory.
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Tenants:
    """The services of all tenants.

    Args:
        settings: what the operator set. With ``tenants``, each directory of that root that holds a store is a
            tenant; else there is one, without a name, whose store is ``store``.

    Raises:
        kg.errors.UsageError: both ``store`` and ``tenants`` are set, or the root is no directory.
        kg.errors.StoreError: the one store cannot be opened.
    """

    def __init__(self, settings: Settings, single: Service | None = None) -> None:
        if settings.tenants is not None and settings.store is not None:
            raise UsageError(
                "both a store and a root of tenants are set", where="FLEXKG_TENANTS", cure="set one of them"
            )
        self.settings = settings
        self._root = settings.tenants
        self._mutex = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}
        self._open: dict[str, Service] = {"": single if single is not None else Service(settings)}
        if self._root is not None and not self._root.is_dir():
            raise UsageError(
                "the root of the tenants is no directory",
                where=str(self._root),
                cure="make it, and in it a store for each: flexkg tenants add NAME",
            )

    @property
    def single(self) -> Service:
        """The service without a tenant's name: over the one store, or over none."""
        return self._open[""]

    def names(self) -> list[str]:
        """Give the names of the tenants, sorted; none where there is one store only."""
        if self._root is None:
            return []
        found = (entry.parent.name for entry in self._root.glob("*/flexkg.json"))
        return sorted(name for name in found if NAME.fullmatch(name))

    def open(self) -> dict[str, Service]:
        """Give the services that are open, by tenant; the nameless one only where it has a store."""
        with self._mutex:
            return {name: each for name, each in self._open.items() if name or each.has_store}

    def service(self, tenant: str = "") -> Service:
        """Give the service over a tenant's store.

        Raises:
            UsageError: there is no such tenant, or several and none was named (code ``tenant``).
            kg.errors.StoreError: its store cannot be opened.
        """
        if self._root is None:
            if tenant:
                raise UsageError(f"there is no tenant {tenant[:80]!r}", cure="name none", code="tenant")
            return self.single
        if not tenant:
            return self.single
        found = self._open.get(tenant)
        if found is None:
            settings = self._settings_of(tenant)
            with self._mutex:
                opening = self._opening.setdefault(tenant, threading.Lock())
            with opening:  # others go on meanwhile: a large store takes its time
                found = self._open.get(tenant)
                if found is None:
                    found = Service(settings, create=False)
                    with self._mutex:
                        self._open[tenant] = found
        return found

    def is_open(self, tenant: str) -> bool:
        """Say whether the service over a tenant's store is there without waiting."""
        return tenant in self._open or not tenant or self._root is None

    def add(self, tenant: str) -> Path:
        """Make a store for a new tenant; gives its directory.

        Raises:
            UsageError: the name is no name for a tenant, or is taken.
        """
        if self._root is None:
            raise UsageError("there is no root of tenants", where="FLEXKG_TENANTS", cure="set one")
        if not NAME.fullmatch(tenant):
            raise UsageError(
                f"{tenant[:80]!r} is no name for a tenant",
                cure="use small letters, digits and hyphens, at most 63",
                code="tenant",
            )
        folder = self._root / tenant
        if folder.exists():
            raise UsageError(
                f"there is a tenant {tenant!r} already", cure="choose another name", code="tenant"
            )
        settings = self.settings.model_copy(update={"tenants": None, "store": folder, "tenant": tenant})
        Service(settings).close()
        return folder

    def close(self) -> None:
        """Close all stores."""
        with self._mutex:
            for service in self._open.values():
                service.close()

    def _settings_of(self, tenant: str) -> Settings:
        assert self._root is not None
        if not NAME.fullmatch(tenant) or not (self._root / tenant / "flexkg.json").is_file():
            raise UsageError(
                f"there is no tenant {tenant[:80]!r}", cure="name one that there is", code="tenant"
            )
        update = {"tenants": None, "store": self._root / tenant, "tenant": tenant}
        return self.settings.model_copy(update=update)


def bounds(settings: Settings) -> Bounds:
    """Give what a query may take, as the operator set it."""
    return Bounds(
        workers=settings.query_workers,
        share=min(settings.query_share, settings.query_workers),
        waiting=settings.query_waiting,
        patience=settings.query_patience,
        seconds=settings.query_seconds,
        memory=settings.query_memory << 20,
        rows=settings.query_rows,
        size=settings.query_bytes,
    )
