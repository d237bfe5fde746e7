"""`.ci/run` ends in 0 where every check passed and in 1 where one did not, and leaves nothing behind.

The script is run as it stands, in a folder of its own, with checks that only say that they ran.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECKS = ("ruff", "mypy", "lint-imports", "pytest")
SCRIPTS = ("site", "short")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the script is bash")


def program(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/usr/bin/env bash", *lines)) + "\n", encoding="utf-8")
    path.chmod(0o755)


def run(folder: Path, failing: str | None) -> subprocess.CompletedProcess[str]:
    """`.ci/run` in `folder`, with an interpreter whose environments hold nothing but checks, `failing` one of them."""
    says = {name: f"echo ran {name}; exit {int(name == failing)}" for name in (*CHECKS, *SCRIPTS)}
    program(folder / "empty" / "python")
    for name in CHECKS:
        program(folder / "empty" / name, says[name])
    program(folder / "python", f'mkdir -p "$3" && cp -r "{folder}/empty" "$3/bin"')
    shutil.copytree(ROOT / ".ci", folder / "checkout" / ".ci")
    for name in SCRIPTS:
        program(folder / "checkout" / ".ci" / name, says[name])
    (folder / "tmp").mkdir()
    program(folder / "bin" / "chromium")
    environment = {
        "PATH": f"{folder}/bin:/usr/bin:/bin",
        "PYTHON": f"{folder}/python",
        "TMPDIR": f"{folder}/tmp",
    }
    command = [f"{folder}/checkout/.ci/run"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("failing", [None, *CHECKS, *SCRIPTS])
def test_its_status_is_that_of_its_checks(tmp_path: Path, failing: str | None) -> None:
    done = run(tmp_path, failing)
    assert [name for name in (*CHECKS, *SCRIPTS) if f"ran {name}" not in done.stdout] == []
    assert done.returncode == (failing is not None), done.stdout + done.stderr
    assert ("all checks passed" in done.stdout) == (failing is None)
    assert list((tmp_path / "tmp").iterdir()) == []
