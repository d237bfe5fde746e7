"""Arrays written block by block are what NumPy would have saved, or are not there."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from withstand.images import npy

ARRAY = np.random.default_rng(0).integers(0, 256, (7, 4, 3, 3), np.uint8)
UINT8 = np.dtype(np.uint8)


def test_blocks_make_the_very_file_that_numpy_saves(tmp_path: Path) -> None:
    np.save(tmp_path / "whole.npy", ARRAY)
    digest = npy.write(tmp_path / "blocks.npy", [ARRAY[:2], ARRAY[2:3], ARRAY[3:]], UINT8, ARRAY.shape)
    content = (tmp_path / "blocks.npy").read_bytes()
    assert content == (tmp_path / "whole.npy").read_bytes()
    assert digest == hashlib.sha256(content).hexdigest()
    assert npy.intact(tmp_path / "blocks.npy", digest)
    assert not npy.intact(tmp_path / "absent.npy", digest)
    (tmp_path / "blocks.npy").write_bytes(content[:-1])
    assert not npy.intact(tmp_path / "blocks.npy", digest)


@pytest.mark.parametrize(
    "blocks", [[ARRAY[:2]], [ARRAY, ARRAY], [ARRAY.astype(np.int16)], [ARRAY[:, :2]]], ids=str
)
def test_blocks_that_do_not_fit_leave_nothing(tmp_path: Path, blocks: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="in a file of"):
        npy.write(tmp_path / "file.npy", blocks, UINT8, ARRAY.shape)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="needs Linux, which says what a process holds"
)
def test_released_pages_leave_memory_and_come_back_from_the_file(tmp_path: Path) -> None:
    np.save(tmp_path / "large.npy", np.arange(2**23, dtype=np.uint8).reshape(-1, 1024))
    mapped = np.load(tmp_path / "large.npy", mmap_mode="r")
    part = mapped[1024:]
    expected, held = part.copy(), _mapped_bytes()
    npy.release(part)
    assert _mapped_bytes() < held - 2**22, "of 7 MiB that were read"
    assert np.array_equal(part, expected)


def test_what_is_written_to_a_shared_mapping_is_in_the_file_after_its_pages_are_released(
    tmp_path: Path,
) -> None:
    written = np.lib.format.open_memmap(tmp_path / "w.npy", "w+", np.uint8, (2**13, 1024))
    for start in range(0, len(written), 2**11):
        written[start : start + 2**11] = start // 2**11 + 1
        npy.release(written[start : start + 2**11])
    assert np.array_equal(written[:: 2**11, 0], [1, 2, 3, 4])
    assert np.array_equal(np.load(tmp_path / "w.npy"), written)


def test_only_what_can_be_read_again_is_released(tmp_path: Path) -> None:
    np.save(tmp_path / "small.npy", np.zeros(2**16, np.uint8))
    changed = np.load(tmp_path / "small.npy", mmap_mode="c")
    changed[:] = 7
    npy.release(changed)
    assert (changed == 7).all()
    npy.release(np.zeros(3))


def _mapped_bytes() -> int:
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(text.split("RssFile:")[1].split()[0]) * 1024
