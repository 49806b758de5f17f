"""Runs the service with uvicorn."""

import ipaddress
import socket

import uvicorn

from api.app import create_app
from kg.errors import UsageError
from kg.service import Service
from kg.settings import Settings


def run(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Args:
        settings: host, port, store and limits.

    Raises:
        UsageError: the host is not loopback, or the port is taken.
        kg.errors.StoreError: the store cannot be opened.
    """
    if not _loopback(settings.host):
        raise UsageError(
            f"{settings.host} is not a loopback address",
            where="--host",
            cure="serve on 127.0.0.1: queries of strangers are not yet held in a sandbox",
        )
    _free(settings.host, settings.port)
    service = Service(settings)
    try:
        uvicorn.run(create_app(service), host=settings.host, port=settings.port, log_level="warning")
    finally:
        service.close()


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _free(host: str, port: int) -> None:
    """Say that a port is taken before the store is opened."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"port {port} cannot be listened on: {error.strerror}",
                where="--port",
                cure="name another port",
            ) from error
