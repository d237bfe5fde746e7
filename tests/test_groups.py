"""Tests that share what takes long to make run in one process; pytest-xdist says so by the end of their names."""

import os

import pytest

pytestmark = pytest.mark.xdist_group("groups")


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="the tests run in one process")
def test_a_group_is_kept_together(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@groups"), "this pytest-xdist cannot group tests under this pytest"
