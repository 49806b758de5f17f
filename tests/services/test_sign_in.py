"""Signing in on the page: code flow with PKCE at a real OpenID provider, in a real browser."""

import json
import os
import shutil
import subprocess

import pytest

from kg.service import Service
from kg.settings import load_settings
from tests.paths import ROOT
from tests.services.test_device import AUDIENCE, FLEXKG, provider
from tests.services.test_page import FILLED, NODE, SCREENSHOTS

pytestmark = pytest.mark.services


def test_a_person_signs_in_asks_and_signs_out(tmp_path):
    """The token comes by the code, every view uses it, it is gone afterwards; a foreign answer is refused.

    The provider gives its tokens at another origin, which the operator names; before that the page says so.
    """
    with Service(load_settings(store=tmp_path / "store", tenant="default")) as service:
        assert service.ingest((ROOT / "examples" / FILLED[0]).read_bytes()).accepted
    with provider("apart") as (issuer, elsewhere):
        settings = {"FLEXKG_ISSUER": issuer, "FLEXKG_AUDIENCE": AUDIENCE, "FLEXKG_PAGE_CLIENT": "page"}
        found, _ = _seen(tmp_path / "store", settings, "refused")
        assert f"FLEXKG_PAGE_ORIGINS={elsewhere}" in found["told"]
        found, base = _seen(tmp_path / "store", settings | {"FLEXKG_PAGE_ORIGINS": elsewhere}, "whole")
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
    browser = shutil.which("chromium")
    assert browser, "make test-services installs chromium"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    running = subprocess.Popen(
        [*FLEXKG, "serve", "--store", str(store), "--port", "0"],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        base = running.stdout.readline().split("serves on ", 1)[1].split(" ", 1)[0]
        done = subprocess.run(
            ["node", str(ROOT / "tests/services/sign_in.mjs"), base, browser, str(SCREENSHOTS), how],
            capture_output=True,
            text=True,
            timeout=150,
            env=os.environ | {"FLEXKG_NODE": str(NODE)},
        )
    finally:
        running.terminate()
        try:
            running.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate(timeout=20)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), base
