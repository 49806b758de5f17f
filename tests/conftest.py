"""Tiers: `make test` runs what needs Python only, and says of everything else which command runs it."""

import os

import pytest

TIER = os.environ.get("FLEXKG_TIER", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew; read the diff")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--update-golden"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for tier in ("services", "long"):
            if item.get_closest_marker(tier) and tier != TIER:
                item.add_marker(pytest.mark.skip(reason=f"run by `make test-{tier}`"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Count a skip as a failure where a tier was asked for: there everything has to run."""
    report = yield
    if TIER and report.skipped and item.get_closest_marker(TIER) and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but nothing may be skipped in `make test-{TIER}`: {report.longrepr}"
    return report
