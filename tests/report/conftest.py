"""One synthetic bakeoff and its page, built once for all tests that only read them."""

from __future__ import annotations

import pytest

from tests.report.built_page import Built, built
from tests.report.synthetic_bakeoff import write_bakeoff


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The report of three contenders and two baselines over five seeds."""
    return built(write_bakeoff(tmp_path_factory.mktemp("bakeoff") / "finished"))
