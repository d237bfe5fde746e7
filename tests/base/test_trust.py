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


def test_where_nothing_may_be_written_a_file_is_hashed_each_time(
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


def test_of_a_folder_that_may_only_be_read_the_stamps_are_kept_aside(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("WITHSTAND_CACHE", str(tmp_path_factory.mktemp("cache")))
    real = trust.json_file.write

    def elsewhere(path: Path, value: object) -> None:
        if path.parent == file.parent:
            raise trust.UserError("cannot write")
        real(path, value)

    monkeypatch.setattr(trust.json_file, "write", elsewhere)
    hashed: list[Path] = []
    assert look(file, hashed) and look(file, hashed, again=True) and len(hashed) == 1
    assert not (file.parent / trust.STAMPS).exists()


def test_a_digest_is_computed_once_and_again_where_the_file_may_be_another(file: Path) -> None:
    hashed: list[Path] = []

    def md5(path: Path) -> str:
        hashed.append(path)
        return hashlib.md5(path.read_bytes()).hexdigest()

    first = trust.digest(file, "md5", md5)
    trust._known.clear()  # as another process
    assert trust.digest(file, "md5", md5) == first == hashlib.md5(b"content").hexdigest()
    assert len(hashed) == 1
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_bytes(b"Content")
    os.utime(file, ns=times)
    assert trust.digest(file, "md5", md5) != first and len(hashed) == 2
    assert look(file, sha := []) is False and len(sha) == 1, "a digest of another kind says nothing"
    file.unlink()
    with pytest.raises(OSError, match="No such file"):
        trust.digest(file, "md5", md5)


def test_a_file_that_changes_while_it_is_hashed_is_not_trusted(file: Path) -> None:
    def changed(path: Path) -> str:
        path.write_bytes(b"other content")
        return "of before"

    trust.digest(file, "md5", changed)
    assert trust.digest(file, "md5", lambda path: "of now") == "of now"
