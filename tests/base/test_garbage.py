"""A command's process is searched for garbage neither while it imports nor as it ends; others' as ever."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from withstand import cli
from withstand.base import garbage


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


def test_put_off_until_it_is_resumed() -> None:
    garbage.put_off()
    assert not gc.isenabled()
    garbage.resume()
    assert gc.isenabled() and gc.get_freeze_count()


def test_what_was_not_put_off_is_left_as_it_is() -> None:
    before = gc.get_freeze_count()
    garbage.resume()
    assert gc.isenabled() and gc.get_freeze_count() == before


def test_a_call_from_python_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    before = gc.get_freeze_count()
    assert cli.main(["experiment=runs", "nonsense=1"]) == 2
    assert "nonsense" in capsys.readouterr().err
    assert gc.isenabled() and gc.get_freeze_count() == before


@pytest.mark.parametrize("words", [["--version"], ["nonsense=1"]])
def test_a_command_leaves_what_ends_at_exit_to_end(environment: dict[str, str], words: list[str]) -> None:
    code = (
        "import atexit, gc, sys; from withstand.cli import main\n"
        "atexit.register(lambda: print('ended', gc.isenabled(), gc.get_freeze_count() > 0))\n"
        "raise SystemExit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.stdout.splitlines()[-1] == "ended False True"
    assert done.returncode == (2 if words == ["nonsense=1"] else 0)
