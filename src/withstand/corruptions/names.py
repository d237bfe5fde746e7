"""The corruptions' names and families (Hendrycks & Dietterich, 2019). No torch here: the report reads it too."""

from __future__ import annotations

FAMILIES: dict[str, tuple[str, ...]] = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"),
    "weather": ("snow", "frost", "fog", "brightness", "spatter"),
    "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression", "saturate"),
}

EXTRA = ("gaussian_blur", "saturate", "spatter", "speckle_noise")

BENCHMARK = tuple(name for family in FAMILIES.values() for name in family if name not in EXTRA)
"""The 15 that the benchmark's mean is over."""

CORRUPTIONS = BENCHMARK + EXTRA
"""All 19, the benchmark's first."""

SEVERITIES = (1, 2, 3, 4, 5)
