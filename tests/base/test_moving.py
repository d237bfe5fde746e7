"""What other systems refuse: files that somebody has open, names, paths that are too long, calls that are not there."""

from __future__ import annotations

import errno
import mmap
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from withstand.base import atomic, limits, lock, moving, names
from withstand.base.errors import UserError, of_system
from withstand.config.composing import compose
from withstand.engines import device
from withstand.images import given, npy
from withstand.images.photographs import decoded

REPLACE = os.replace


def refused(number: int, *files: Any) -> PermissionError:
    """As Windows has it: with a number of its own beside C's."""
    error = PermissionError(errno.EACCES, "The process cannot access the file", *map(str, files[:1]))
    error.winerror = number  # type: ignore[attr-defined]
    return error


def held(times: float, number: int = 32) -> Callable[[Any, Any], None]:
    """``os.replace`` where a reader has the target open for as many tries."""
    left = [times]

    def replace(source: Any, target: Any) -> None:
        if left[0] > 0 and Path(target).exists():
            left[0] -= 1
            raise refused(number, source)
        REPLACE(source, target)

    return replace


@pytest.mark.parametrize("number", [5, 32, 1224])
def test_a_file_that_is_read_for_a_moment_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    atomic.write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "replace", held(3, number))
    atomic.write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new" and os.listdir(tmp_path) == ["a.txt"]


def test_a_file_that_stays_open_is_one_line_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atomic.write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(moving, "_PATIENCE", 0.1)
    monkeypatch.setattr(os, "replace", held(np.inf))
    with pytest.raises(UserError, match=r"cannot write .*a\.txt: .*; close what has it open"):
        atomic.write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_with_an_open_file_is_replaced_or_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "_PATIENCE", 0.2)
    for word, tries in (("one", 0.0), ("two", 2.0)):
        monkeypatch.setattr(os, "replace", held(tries))
        with atomic.replacing_folder(tmp_path / "cell") as temporary:
            (temporary / "a.txt").write_text(word)
        assert (tmp_path / "cell" / "a.txt").read_text() == word
    assert os.listdir(tmp_path) == ["cell"]


def test_what_may_not_be_written_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(source: Any, target: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", denied)
    monkeypatch.setattr(moving.time, "sleep", lambda seconds: pytest.fail("nothing to wait for"))
    with pytest.raises(UserError, match=r"Permission denied; free the disk or choose another folder"):
        atomic.write_text(tmp_path / "a.txt", "x")


def test_a_temporary_file_that_cannot_go_hides_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlink(self: Path, missing_ok: bool = False) -> None:
        raise refused(32, self)

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(ZeroDivisionError), atomic.replacing(tmp_path / "a.txt"):
        1 / 0  # noqa: B018


def test_pictures_decoded_before_may_be_mapped_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, cache = tmp_path / "a.png", tmp_path / "cache"
    Image.new("RGB", (8, 8), "red").save(file)
    decoded([file], tmp_path, 8, cache, "set")
    unlink = Path.unlink

    def only_others(self: Path, missing_ok: bool = False) -> None:
        if self.suffix == ".npy":
            raise refused(1224, self)
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", only_others)
    Image.new("RGB", (8, 9), "blue").save(file)
    found = decoded([file], tmp_path, 8, cache, "set")
    assert found.images[0, 4, 4].tolist() == [0, 0, 255] and len(list(cache.glob("*.npy"))) == 2


def test_a_mapped_file_of_images_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "_IN_MEMORY", 0)
    first = given._room((2, 4, 4, 3), tmp_path)
    first[:] = 7
    second = given._room((2, 4, 4, 3), tmp_path)  # here the name is free at once
    second[:] = 9
    assert (first == 7).all()

    def unlink(self: Path, missing_ok: bool = False) -> None:
        raise refused(1224, self)

    monkeypatch.setattr(Path, "unlink", unlink)
    third = given._room((2, 4, 4, 3), tmp_path)
    third[:] = 11
    assert (second == 9).all() and (tmp_path / "images-1.npy").exists()


def test_a_path_too_long_for_windows_says_so(tmp_path: Path) -> None:
    error = FileNotFoundError(
        errno.ENOENT, "The system cannot find the path specified", str(tmp_path / ("x" * 300))
    )
    error.winerror = 3  # type: ignore[attr-defined]
    assert "259 characters are the most of a path: choose a shorter folder" in str(
        of_system("write x", error)
    )
    error.filename = "short"
    assert "characters" not in str(of_system("write x", error))


@pytest.mark.parametrize("name", ["a:b", "what?", "a*", "<a>", "a|b", 'say "a"', "a\\b"])
def test_a_name_that_windows_refuses_names_no_folder_there(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert names.names_a_folder(name)
    monkeypatch.setattr(names, "_REFUSED", frozenset('<>:"|?*\\'))
    assert not names.names_a_folder(name)
    assert names.names_a_folder(names.file_name(name))


@pytest.mark.parametrize("name", ["con", "NUL.txt", "com1", "LPT9.csv", "aux", "ends.", "ends ", "  ", "..."])
def test_devices_and_endings_are_no_names_anywhere(name: str) -> None:
    assert not names.names_a_folder(name)
    assert names.names_a_folder(names.file_name(name))


def test_a_drive_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda self, **how: False)
    with pytest.raises(UserError, match="there is no"):
        atomic.check_folder("anywhere/deep")


def test_who_holds_a_lock_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(self: Path, *how: Any, **more: Any) -> str:
        raise refused(33, self)

    monkeypatch.setattr(Path, "read_text", locked)
    monkeypatch.setattr(Path, "write_text", locked)
    with lock.one_writer(tmp_path / "run"), pytest.raises(UserError, match="another process works in"):
        lock._tell(tmp_path / "run", "fail")


def test_a_lock_whose_file_cannot_go_is_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlink(self: Path, missing_ok: bool = False) -> None:
        raise refused(32, self)

    monkeypatch.setattr(Path, "unlink", unlink)
    for _ in range(2):
        with lock.one_writer(tmp_path / "run", "fail"):
            (tmp_path / "run" / "a.txt").touch()


def test_calls_that_only_linux_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((os, "sched_getaffinity"), (os, "posix_fallocate"), (os, "sysconf"), (os, "sync")):
        monkeypatch.delattr(module, name, raising=False)
    monkeypatch.delattr(mmap, "MADV_DONTNEED", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    monkeypatch.setitem(sys.modules, "resource", None)  # importing it fails
    assert limits.cores(tmp_path) == 3
    assert limits.memory(tmp_path) is None
    limits.check_address_space()
    atomic.reserve(tmp_path / "whole", 3_000_000)
    assert (tmp_path / "whole").read_bytes() == bytes(3_000_000)
    with atomic.replacing_folder(tmp_path / "folder") as temporary:
        (temporary / "a.txt").touch()
    npy.write(tmp_path / "a.npy", [np.zeros((2, 3))], np.dtype(float), (2, 3))
    npy.release(npy.mapped(tmp_path / "a.npy"))


def test_a_processor_without_proc_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*what: Any, **how: Any) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", absent)
    assert device._processor()


def test_paths_of_windows_are_taken_as_they_are() -> None:
    config = compose(
        ["model=small_cnn", "dataset=shapes", r"model.weights=C:\new\table.pth", r"paths.data=D:\my data"]
    )
    assert config.model.weights == r"C:\new\table.pth" and config.paths.data == r"D:\my data"
