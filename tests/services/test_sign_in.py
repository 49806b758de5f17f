"""Signing in on the page: code flow with PKCE at a real OpenID provider, in a real browser."""

import pytest

from bench.servers import flexkg
from kg.service import Service
from kg.settings import load_settings
from tests.paths import ROOT
from tests.services.browser import run
from tests.services.test_device import AUDIENCE, provider
from tests.services.test_page import FILLED

pytestmark = pytest.mark.services


def test_a_person_signs_in_asks_and_signs_out(tmp_path):
    """The token comes by the code, every view uses it, it is gone afterwards; a foreign answer is refused.

    The provider gives its tokens at another origin, which the operator names; before that the page says so.
    """
    with Service(load_settings(store=tmp_path / "store", tenant="default")) as service:
        assert service.ingest((ROOT / "examples" / FILLED[0]).read_bytes()).accepted
    with provider("apart") as (issuer, elsewhere):
        settings = {"issuer": issuer, "audience": AUDIENCE, "page_client": "page"}
        found, _ = _seen(tmp_path / "store", settings, "refused")
        assert f"FLEXKG_PAGE_ORIGINS={elsewhere}" in found["told"]
        found, base = _seen(tmp_path / "store", settings | {"page_origins": elsewhere}, "whole")
    assert found["complaints"] == []
    assert found["axe"] == []
    assert found["address"] == f"{base}/#/query"
    assert found["access"] == "Sign out"
    assert found["rows"] >= 1
    assert found["left"] is None
    assert "not begun here" in found["foreign"]
    assert found["cleaned"] == f"{base}/"


def _seen(store, settings, how):
    """Serve a store and let a browser do what a person does; gives what it saw, and the address."""
    with flexkg(store, **settings) as address:
        return run("sign_in.mjs", f"http://{address}", how), f"http://{address}"
