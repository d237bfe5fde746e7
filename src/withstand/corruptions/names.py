"""The nineteen corruptions by name and family. Nothing here imports torch, so a report can read it too."""

from __future__ import annotations

from typing import Any

from withstand.base.errors import UserError, nearest

BENCHMARK: tuple[str, ...] = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
)
"""The 15 that CIFAR-10-C and ImageNet-C are scored on, in the order of their tables."""

EXTRAS: tuple[str, ...] = ("gaussian_blur", "saturate", "spatter", "speckle_noise")
"""The 4 that their authors kept for validation."""

CORRUPTIONS: tuple[str, ...] = BENCHMARK + EXTRAS
SEVERITIES: tuple[int, ...] = (1, 2, 3, 4, 5)

FAMILIES: dict[str, tuple[str, ...]] = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"),
    "weather": ("snow", "frost", "fog", "brightness", "spatter"),
    "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression", "saturate"),
}
"""Each family is also the module that holds its corruptions, one function of the corruption's name each."""

FAMILY: dict[str, str] = {name: family for family, names in FAMILIES.items() for name in names}


def chosen(wanted: Any) -> tuple[str, ...]:
    """The corruptions that a setting means: ``all``, ``benchmark``, one name or a list of names.

    Raises:
        UserError: there is no such corruption.
    """
    if wanted in ("all", "benchmark"):
        return CORRUPTIONS if wanted == "all" else BENCHMARK
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    for name in names:
        if name not in CORRUPTIONS:
            raise UserError(f"shift.corruptions: unknown '{name}'; {nearest(str(name), CORRUPTIONS)}")
    return names
