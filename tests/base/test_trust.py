"""A file is hashed once, and again whenever it could be another."""

import hashlib
import os
from pathlib import Path

import pytest

from withstand.base import trust

DIGEST = hashlib.sha256(b"content").hexdigest()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(trust, "_YOUNG", -1)
    (tmp_path / "file").write_bytes(b"content")
    return tmp_path / "file"


def look(path: Path, hashed: list[Path], again: bool = False) -> bool:
    """``again``: as another process would."""

    def digest(path: Path) -> str:
        hashed.append(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    if again:
        trust._known.clear()
    return trust.verified(path, DIGEST, digest)


def test_what_was_found_right_is_not_hashed_again(file: Path) -> None:
    hashed: list[Path] = []
    assert look(file, hashed) and look(file, hashed) and look(file, hashed, again=True) and len(hashed) == 1


def test_what_has_changed_is_hashed_again(file: Path) -> None:
    hashed: list[Path] = []
    assert look(file, hashed)
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_bytes(b"Content")
    os.utime(file, ns=times)  # even where someone sets its time back
    assert not look(file, hashed) and not look(file, hashed, again=True) and len(hashed) == 3
    file.write_bytes(b"content")
    assert look(file, hashed)
    file.unlink()
    assert not look(file, hashed)


def test_a_file_that_was_just_written_is_not_trusted_by_its_time(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "_YOUNG", 10**12)
    hashed: list[Path] = []
    assert look(file, hashed) and look(file, hashed) and len(hashed) == 2


def test_a_folder_that_may_only_be_read_is_hashed_each_time(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise trust.UserError("cannot write")

    monkeypatch.setattr(trust.json_file, "write", full)
    hashed: list[Path] = []
    assert look(file, hashed) and look(file, hashed, again=True) and len(hashed) == 2


def test_stamps_that_are_damaged_are_none(file: Path) -> None:
    hashed: list[Path] = []
    (file.parent / trust.STAMPS).write_text("{")
    assert look(file, hashed, again=True)
    (file.parent / trust.STAMPS).write_text("[]")
    assert look(file, hashed, again=True) and len(hashed) == 2
