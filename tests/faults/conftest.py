"""What came of damaged files and of names, found once for the tests of both."""

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.faults.running import ROOT

SEED = 11


@pytest.fixture(scope="session")
def quick() -> dict[str, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "quick", str(SEED)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout.splitlines()[-1])
    return found
