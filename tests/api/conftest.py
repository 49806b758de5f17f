"""The service as its clients see it: on loopback, over a store in a fresh folder."""

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from kg.service import Service
from kg.settings import load_settings
from tests.stores import new_store

BASE = "http://127.0.0.1"


def serving(service):
    """A client of the whole application; the application's faults are answered, not raised."""
    return TestClient(create_app(service), base_url=BASE, raise_server_exceptions=False)


@pytest.fixture
def service(tmp_path):
    """A service over an empty store."""
    return Service(load_settings(store=new_store(tmp_path / "store")))


@pytest.fixture
def client(service):
    """A client of a service with a store."""
    with serving(service) as made:
        yield made


@pytest.fixture
def checking():
    """A client of a service without a store."""
    with serving(Service(load_settings())) as made:
        yield made
