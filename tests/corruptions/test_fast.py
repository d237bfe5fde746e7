"""What is done in a quick way, against the same done in the plain way."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.corruptions.conftest import drawn

from withstand.corruptions import corrupt, disk, filters, jpeg, liquid
from withstand.corruptions.constants import PRESETS
from withstand.corruptions.pixels import unit
from withstand.corruptions.random import Draws

KERNELS = [(r, a) for preset in PRESETS.values() for r, a in preset.rows["defocus_blur"]]


def noise(n: int, height: int, width: int) -> torch.Tensor:
    return torch.randint(256, (n, height, width, 3), generator=torch.Generator().manual_seed(7)).byte()


def correlated(images: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Every product of pixel and weight, in float64."""
    reach, x = len(kernel) // 2, images.double()
    for dim in (1, 2):
        place = filters.fold(torch.arange(-reach, x.shape[dim] + reach), x.shape[dim], "mirror")
        x = x.index_select(dim, place)
    windows = x.unfold(1, len(kernel), 1).unfold(2, len(kernel), 1)
    return (windows * kernel.double()).sum((-1, -2)).clamp(0, 255).byte()


@pytest.fixture(params=["OpenCV", "spectrum"])
def filter2d(request: pytest.FixtureRequest) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Each way; without OpenCV both are the second."""
    return disk.filter2d if request.param == "OpenCV" else disk.by_spectrum


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (33, 50), (130, 140)])
@pytest.mark.parametrize(("radius", "alias"), KERNELS)
def test_defocus_is_the_sum_of_all_products(radius, alias, size, filter2d) -> None:
    kernel = disk.disk(radius, alias)
    flat = torch.tensor([0, 1, 127, 254, 255], dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, *size, 3)
    images = torch.cat((noise(3, *size), flat))
    assert torch.equal(filter2d(images, kernel), correlated(images, kernel))
    turned = images.transpose(1, 2)  # a view, as a tensor may be
    assert torch.equal(filter2d(turned, kernel), correlated(turned, kernel))


def test_a_kernel_of_one_pixel_changes_nothing(filter2d) -> None:
    one = torch.zeros(17, 17)
    one[8, 8] = 1
    assert torch.equal(filter2d(noise(3, 31, 57), one), noise(3, 31, 57))


@pytest.mark.parametrize("sigma", [0.05, 0.4, 1.0, 6.0])
def test_scipys_smoothing_is_ours_to_the_bit(sigma: float) -> None:
    images = torch.cat((noise(2, 20, 31), torch.full((1, 20, 31, 3), 77, dtype=torch.uint8)))
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 / sigma**2 * np.arange(-reach, reach + 1) ** 2)
    plain = filters._summed(unit(images, torch.float64), (weights / weights.sum())[reach:].tolist())
    assert torch.equal(filters.smooth_images(unit(images, torch.float64), sigma), plain)


@pytest.mark.parametrize("matrices", ["gaussian", "zoom"])
def test_strips_of_a_matrix_give_what_the_whole_gives(matrices: str) -> None:
    x = torch.rand(2, 3, 100, 70, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    rows, columns = (getattr(filters, matrices)(n, 1.3) for n in (100, 70))
    torch.testing.assert_close(filters.along(x, rows, columns), rows @ (x @ columns.T), rtol=0, atol=1e-14)


@pytest.mark.parametrize("share", [0.0, 0.0005, 0.01, 0.3])
def test_distances_are_opencvs(share: float) -> None:
    cv2 = pytest.importorskip("cv2", reason="needs opencv-python-headless<5, of the extra dev")
    ipp = getattr(cv2, "ipp", None)
    if ipp is not None:
        ipp.setUseIPP(False)
    edges = torch.rand(4, 60, 90, generator=torch.Generator().manual_seed(2)) < share
    ours = liquid._distance_to(edges).numpy()
    for one, found in zip(edges.numpy(), ours, strict=True):
        theirs = cv2.distanceTransform(np.where(one, 0, 255).astype(np.uint8), cv2.DIST_L2, 5)
        np.testing.assert_array_equal(found, np.minimum(theirs, 20))


@pytest.mark.parametrize("quality", [1, 7, 25, 50, 80, 100])
def test_pillow_and_arithmetic_make_the_same_jpegs(quality: int) -> None:
    for images in (noise(2, 100, 97), torch.from_numpy(drawn(2, size=128))):
        assert torch.equal(jpeg.by_pillow(images, quality), jpeg.computed(images, quality))


def test_where_pillow_rounds_otherwise_large_images_are_computed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    images = drawn(2, size=128)
    want = corrupt(images, "jpeg_compression", 3)
    monkeypatch.setattr(jpeg, "by_pillow", lambda images, quality: images + 1)
    jpeg._as_here.cache_clear()
    try:
        assert (corrupt(images, "jpeg_compression", 3) == want).all()
    finally:
        jpeg._as_here.cache_clear()


def test_several_draws_at_once_are_those_that_each_would_be() -> None:
    draws = Draws(3, torch.tensor([5, -2, 1 << 40]), "fog/1")
    both = draws.uniform(["a", "b"], (4, 5), -2.0, 3.0)
    for at, name in enumerate("ab"):
        assert torch.equal(both[:, at], draws.uniform(name, (4, 5), -2.0, 3.0))
