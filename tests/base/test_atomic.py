"""Files appear whole or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from withstand.base import atomic, json_file, leftovers
from withstand.base.errors import UserError


def test_writes_and_replaces(tmp_path):
    atomic.write_text(tmp_path / "new" / "a.txt", "one")
    atomic.write_text(tmp_path / "new" / "a.txt", "two")
    assert (tmp_path / "new" / "a.txt").read_text() == "two"
    assert os.listdir(tmp_path / "new") == ["a.txt"]


def test_an_error_while_writing_leaves_the_old_file(tmp_path):
    json_file.write(tmp_path / "a.json", {"x": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        json_file.write(tmp_path / "a.json", {"x": float("nan")})
    with pytest.raises(ZeroDivisionError), atomic.replacing(tmp_path / "a.json") as temporary:
        temporary.write_text(f"half {1 / 0}")
    assert (tmp_path / "a.json").read_text() == '{\n  "x": 1\n}\n'
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_full_disk_is_one_clear_line(tmp_path, monkeypatch):
    def full(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot write .*a\.txt: No space left on device"):
        atomic.write_text(tmp_path / "a.txt", "x")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        atomic.write_text(tmp_path / "f" / "a.txt", "x")


def test_a_folder_is_checked_and_not_made(tmp_path):
    atomic.check_folder(tmp_path / "new" / "deep")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for inside in ("file", "file/deep"):
        with pytest.raises(UserError, match=r"cannot write .*file is a file"):
            atomic.check_folder(tmp_path / inside)


def test_a_folder_appears_whole_or_stays_as_it_was(tmp_path, monkeypatch):
    for word in ("one", "two"):
        with atomic.replacing_folder(tmp_path / "cell") as temporary:
            (temporary / "deep").mkdir()
            (temporary / "deep" / "a.txt").write_text(word)
        assert (tmp_path / "cell" / "deep" / "a.txt").read_text() == word
        assert os.listdir(tmp_path) == ["cell"]
    with pytest.raises(ZeroDivisionError), atomic.replacing_folder(tmp_path / "cell") as temporary:
        (temporary / "a.txt").write_text(f"half {1 / 0}")
    real = os.replace

    def failing(source, target):
        if ".old" not in str(source) and str(target).endswith("cell"):
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with (
        pytest.raises(UserError, match=r"cannot write .*cell: Input/output error"),
        atomic.replacing_folder(tmp_path / "cell"),
    ):
        pass
    assert (tmp_path / "cell" / "deep" / "a.txt").read_text() == "two" and os.listdir(tmp_path) == ["cell"]


def test_a_folder_that_a_killed_process_left_is_removed_and_anothers_is_not(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for number in (ended.pid, os.getppid()):
        (tmp_path / f".cell.{leftovers.HOST}-{number}.abc.part" / "deep").mkdir(parents=True)
    with atomic.replacing_folder(tmp_path / "cell"):
        pass
    assert sorted(os.listdir(tmp_path)) == [f".cell.{leftovers.HOST}-{os.getppid()}.abc.part", "cell"]


KILLED = """
import os, sys
from withstand.base import atomic
with atomic.replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os._exit(9)
"""


@pytest.mark.skipif(os.name != "posix", reason="whether a process lives cannot be asked here")
def test_what_a_killed_process_left_goes_and_what_a_living_one_writes_stays(tmp_path):
    path = tmp_path / "a[1].txt"
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode == 9
    assert len(os.listdir(tmp_path)) == 1 and not path.exists()
    with atomic.replacing(path) as ours:
        atomic.write_text(path, "another")
        assert ours.is_file()
        ours.write_text("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [Path(path)]
