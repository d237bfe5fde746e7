"""What is sent to a node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="Ray is not installed")

from withstand.base.crew import AbsentHereError
from withstand.cluster.parcels import Sender, unpack
from withstand.images import npy

LARGE = np.arange(300_000, dtype=np.int64).reshape(-1, 3)


class Post:
    """Keeps what is sent, and counts."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def __call__(self, array: Any) -> int:
        self.sent.append(np.array(array))
        return len(self.sent) - 1

    def arrays(self, parcel: Any) -> dict[str, Any]:
        return {name: self.sent[number] for name, number in parcel.arrays.items()}


def test_a_large_array_is_sent_once_however_many_jobs_hold_it():
    post = Post()
    sender = Sender(post)
    one, two = sender.pack({"a": LARGE, "small": np.arange(3)}), sender.pack([LARGE.copy(), LARGE + 1])
    assert len(post.sent) == 2 and len(one.content) < 1000
    found = unpack(one.content, post.arrays(one))
    assert np.array_equal(found["a"], LARGE) and np.array_equal(found["small"], np.arange(3))
    assert np.array_equal(unpack(two.content, post.arrays(two))[1], LARGE + 1)


@pytest.fixture
def mapped(tmp_path: Path) -> Any:
    npy.write(tmp_path / "there" / "images.npy", [LARGE], LARGE.dtype, LARGE.shape)
    return npy.mapped(tmp_path / "there" / "images.npy")


def test_an_array_in_a_file_goes_by_its_name(mapped):
    post = Post()
    parcel = Sender(post).pack([mapped, mapped[10:99_000]])
    assert not post.sent and len(parcel.content) < 1500
    whole, part = unpack(parcel.content, {})
    assert np.array_equal(whole, LARGE) and np.array_equal(part, LARGE[10:99_000])
    assert isinstance(whole, np.memmap)


def test_rows_of_it_are_in_memory_and_are_sent(mapped):
    post = Post()
    parcel = Sender(post).pack(mapped[np.arange(0, 99_000, 2)])
    assert len(post.sent) == 1
    assert np.array_equal(unpack(parcel.content, post.arrays(parcel)), LARGE[0:99_000:2])


def test_a_file_that_is_not_there_or_is_another_is_not_taken(mapped, tmp_path):
    parcel = Sender(Post()).pack(mapped)
    npy.write(tmp_path / "there" / "images.npy", [LARGE + 1], LARGE.dtype, LARGE.shape)
    with pytest.raises(AbsentHereError, match=r"there/images\.npy"):
        unpack(parcel.content, {})
    (tmp_path / "there" / "images.npy").unlink()
    with pytest.raises(AbsentHereError, match=r"there/images\.npy"):
        unpack(parcel.content, {})


def test_a_file_that_lies_elsewhere_is_found_there(mapped, tmp_path):
    parcel = Sender(Post()).pack(mapped)
    (tmp_path / "there").rename(tmp_path / "here")
    moved = (str(tmp_path / "there"), str(tmp_path / "here"))
    assert np.array_equal(unpack(parcel.content, {}, moved), LARGE)


def test_where_it_is_not_its_content_is_sent(mapped):
    post = Post()
    parcel = Sender(post).pack(mapped, whole=True)
    assert len(post.sent) == 1 and np.array_equal(unpack(parcel.content, post.arrays(parcel)), LARGE)
