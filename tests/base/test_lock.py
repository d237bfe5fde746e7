"""One writer a folder."""

import os
import subprocess
import sys
import time

import pytest

from withstand.base import leftovers, lock
from withstand.base.errors import UserError
from withstand.base.lock import one_writer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="who was killed cannot be asked elsewhere")

HOLDS = """
import sys, time
from withstand.base.lock import one_writer
with one_writer(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path, environment):
    """Another process that holds the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path / "run")],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_nothing_stays_of_a_folder_in_which_nothing_was_written(tmp_path):
    with one_writer(tmp_path / "deep" / "run"):
        assert (tmp_path / "deep" / "run" / lock.FILE).is_file()
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_and_what_was_written_stays(tmp_path):
    with one_writer(tmp_path / "run"), one_writer(tmp_path / "run"):  # whoever holds it may ask again
        (tmp_path / "run" / "a.txt").write_text("a")
    assert os.listdir(tmp_path / "run") == ["a.txt"]


def test_who_may_not_wait_is_told_who_is_there(tmp_path, other):
    with (
        pytest.raises(UserError, match=rf"process {other.pid} on .*, since .* works in .*run; wait"),
        one_writer(tmp_path / "run", "fail"),
    ):
        pass


def test_a_lock_goes_with_its_process_and_what_that_left_is_cleared(tmp_path, other, capsys):
    left = tmp_path / "run" / "deep" / f".a.txt.{leftovers.HOST}-{other.pid}.abc.part"
    left.parent.mkdir()
    left.write_text("half")
    kept = left.with_name(f".a.txt.elsewhere-{other.pid}.abc.part")
    kept.write_text("of another machine")
    other.kill()
    other.wait()
    began = time.monotonic()
    with one_writer(tmp_path / "run"):
        assert time.monotonic() - began < 5
    assert not left.exists() and kept.exists()
    assert os.listdir(tmp_path / "run") == ["deep"]


def test_a_file_system_without_locks_is_said_and_gone_on_with(tmp_path, monkeypatch, capsys):
    import fcntl

    def refused(file, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refused)
    with one_writer(tmp_path / "run"):
        (tmp_path / "run" / "a.txt").write_text("a")
    assert "cannot be locked (Operation not supported)" in capsys.readouterr().out
