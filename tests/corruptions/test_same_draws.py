"""The batched corruptions against the usual code, on OpenCV, scikit-image and SciPy, fed with the same draws.

Moments can be met by luck; every pixel cannot. The usual code is what benchmarks/ measures us against, so this also
shows that the benchmark compares like with like.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from tests.corruptions.conftest import drawn

from withstand.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from withstand.corruptions.constants import constants
from withstand.corruptions.random import Draws

cv2 = pytest.importorskip("cv2", reason="needs opencv-python-headless<5, of the extra dev")
pytest.importorskip("skimage", reason="needs scikit-image, of the extra dev")

from benchmarks import per_image  # noqa: E402

# Poisson counts cannot be fed: ours come from a table of the law itself, which test_draws.py checks against SciPy's.
FED = [
    name for name in CORRUPTIONS if name != "shot_noise" and hasattr(per_image, name)
]  # those that have a peer

# The share of values that may differ, by one level, where sums in another order are cut to a whole level.
USUAL = 0.0005
RESIDUAL = {"elastic_transform": 0.02}  # OpenCV blends warped pixels in another order


@pytest.fixture(autouse=True)
def one_opencv() -> Iterator[None]:
    """OpenCV's own code, not that of Intel's library, whose distances to an edge differ in the fifth digit."""
    ipp = getattr(cv2, "ipp", None)
    used = ipp is not None and ipp.useIPP()
    if used:
        ipp.setUseIPP(False)
    yield
    if used:
        ipp.setUseIPP(True)


class Fed:
    """The draws of one image of a batch, by name."""

    def __init__(self, draws: Draws) -> None:
        self.draws = draws

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        def drawn(*arguments: Any) -> np.ndarray:
            numbers = getattr(self.draws, kind)(*arguments)[0].numpy()
            return numbers.astype(np.float64) if numbers.dtype.kind == "f" else numbers

        return drawn


def per_image_s(
    images: np.ndarray, ids: list[int], corruption: str, severity: int, preset: str
) -> np.ndarray:
    values = constants(preset, corruption, severity, *images.shape[1:3])
    one = getattr(per_image, corruption)
    made = []
    for image, id_ in zip(images, ids, strict=True):
        draws = Fed(Draws(5, torch.tensor([id_]), f"{corruption}/{severity}"))
        made.append(np.asarray(one(image, draws, **values)).astype(np.uint8))
    return np.stack(made)


def agree(images: np.ndarray, corruption: str, preset: str, usual: float = USUAL) -> None:
    ids = [3 + 7 * i for i in range(len(images))]
    for severity in SEVERITIES:
        ours = corrupt(images, corruption, severity, seed=5, ids=ids, preset=preset)
        theirs = per_image_s(images, ids, corruption, severity, preset)
        difference = np.abs(ours.astype(int) - theirs)
        assert difference.max() <= 1
        assert (difference > 0).mean() <= RESIDUAL.get(corruption, usual)
        assert (ours != images).any() or (theirs == images).all()


@pytest.mark.parametrize("corruption", FED)
def test_every_pixel_agrees_at_32_with_the_constants_of_cifar(corruption: str) -> None:
    agree(drawn(12), corruption, "cifar")


@pytest.mark.parametrize("corruption", FED)
def test_every_pixel_agrees_at_224_with_the_constants_of_imagenet(corruption: str) -> None:
    agree(drawn(1, size=224), corruption, "imagenet")


# Frost's pieces and defocus of less than a pixel are not compared: OpenCV resizes in 11 bits where no pixel falls on
# another, and filters by a Fourier transform whose rounding decides how whole levels are cut.
@pytest.mark.parametrize("corruption", [name for name in FED if name not in ("frost", "defocus_blur")])
@pytest.mark.parametrize("shape", [(21, 32), (40, 17)])
def test_every_pixel_agrees_where_images_are_not_square(corruption: str, shape: tuple[int, int]) -> None:
    images = np.ascontiguousarray(drawn(3, size=40)[:, : shape[0], : shape[1]])
    agree(
        images, corruption, "cifar", usual=0.01
    )  # three small images: one mean that falls on a whole level is 0.6%


@pytest.mark.parametrize("corruption", FED)
def test_photographs_agree_too(golden: dict[str, np.ndarray], corruption: str) -> None:
    agree(golden["clean"][:8], corruption, "cifar")
