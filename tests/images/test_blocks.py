"""Images a block of rows at a time: the same whatever else is asked for, and never more in memory than that."""

import numpy as np
import torch

from withstand.images.blocks import Blocks, gather
from withstand.images.imageset import ImageSet

CPU = torch.device("cpu")
N = 40


def images(array: np.ndarray) -> ImageSet:
    return ImageSet(array, np.arange(N) % 3, np.arange(N) * 7, ("a", "b", "c"))


def some() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (N, 4, 5, 3), np.uint8)


def test_rows_in_any_order_are_the_rows_of_the_array(tmp_path):
    array = some()
    np.save(tmp_path / "a.npy", array)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    for held in (array, mapped):
        blocks = Blocks.of(images(held))
        for rows in ([], [3], [5, 6, 7], [7, 5, 7], range(N)):
            at = np.array(rows, np.int64)
            found = blocks.read(at, CPU)
            assert found.dtype == torch.uint8 and np.array_equal(found.numpy(), array[at])
            found[:] = 0  # a copy: what is read never changes
        assert np.array_equal(held, array)


def test_a_part_of_a_part_is_what_its_rows_say():
    whole = Blocks.of(images(some()))
    part = whole.take(np.array([30, 2, 9, 4])).take(np.array([3, 0]))
    assert part.ids.tolist() == [28, 210] and part.labels.tolist() == [1, 0] and len(part) == 2
    assert np.array_equal(part.images().images, some()[[4, 30]])


def test_pictures_are_made_when_they_are_asked_for():
    asked = []

    def make(rows: np.ndarray, device: torch.device) -> torch.Tensor:
        asked.append(rows.tolist())
        return 255 - gather(some(), rows, device)

    made = Blocks.made(images(some()), make)
    assert asked == [] and made.nbytes == 60
    assert np.array_equal(made.take(np.array([8, 1])).read(np.array([1]), CPU).numpy(), 255 - some()[[1]])
    assert asked == [[1]]


def test_no_images_are_no_images():
    empty = images(some()).take(np.arange(0))
    assert len(Blocks.of(empty)) == 0 and Blocks.of(empty).nbytes == 0
