"""The test images under every corruption and severity, as files in the layout of CIFAR-10-C."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand import __version__, datasets
from withstand.base.console import Bar, progress, say
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.corruptions import corrupt, frost
from withstand.corruptions.constants import constants
from withstand.corruptions.names import chosen
from withstand.engines import device
from withstand.images import npy
from withstand.images.imageset import ImageSet, digests
from withstand.results import provenance
from withstand.shifts.corruption import official
from withstand.shifts.corruption.manifest import MANIFEST, Manifest, Recipe, present, resumed
from withstand.shifts.corruption.sources import Made, notes, preset_for

_AT_ONCE = 64 << 20  # bytes of images in memory

USES = ("shift",)


def run(config: Config, overrides: list[str]) -> int:
    device.set_threads(config.threads)
    shift, dataset = config.shift, datasets.load(config)
    names = chosen(shift.corruptions)
    folder, test = Path(shift.written), dataset.test
    recipe = Recipe(
        dataset=dataset.name,
        images=test.digest,
        n=len(test),
        shape=list(test.images.shape[1:]),
        severities=list(shift.severities),
        seed=shift.seed,
        preset=preset_for(shift, test),
        version=__version__,
    )
    fresh = Manifest(recipe, list(test.classes), provenance.versions(), frost=frost.drawn())
    manifest = _opened(folder, fresh, test, config.overwrite)
    missing = [name for name in names if f"{name}.npy" not in manifest.files]
    say(
        f"{folder}: {len(names)} corruptions × {len(recipe.severities)} severities × {len(test):,} images,"
        f" {len(names) - len(missing)} done; seed {recipe.seed}, preset {recipe.preset}"
    )
    for note in notes(Made(test, shift.seed, recipe.preset), names):
        say(f"  {note}")
    cells, done = (len(part) * len(recipe.severities) for part in (names, set(names) - set(missing)))
    with progress("corrupt", cells, done) as bar:
        for name in missing:
            _write(folder, name, manifest, test, bar)
    say(f"  {folder / MANIFEST} holds their digests")
    return 0


def _opened(folder: Path, fresh: Manifest, test: ImageSet, overwrite: bool) -> Manifest:
    """What of the folder is done; labels, ids and the digests of the clean images are."""
    if official.present(folder) and not present(folder):
        raise UserError(
            f"{folder} holds corrupted images that withstand did not write; set shift.written=FOLDER"
        )
    manifest = resumed(folder, fresh, overwrite)
    label = np.dtype(np.uint8 if len(test.classes) <= 256 else np.int64)
    labels = np.tile(test.labels.astype(label), len(fresh.recipe.severities))
    for name, array in (("labels", labels), ("ids", test.ids), ("clean", digests(test))):
        if f"{name}.npy" not in manifest.files:
            manifest.files[f"{name}.npy"] = npy.write(
                folder / f"{name}.npy", [array], array.dtype, array.shape
            )
    manifest.save(folder)
    return manifest


def _write(folder: Path, name: str, manifest: Manifest, test: ImageSet, bar: Bar) -> None:
    """All severities of one corruption; the manifest names the file once it is there whole."""
    recipe = manifest.recipe
    size = max(1, _AT_ONCE // int(np.prod(recipe.shape)))

    def blocks() -> Iterator[NDArray[np.uint8]]:
        for severity in recipe.severities:
            for start in range(0, recipe.n, size):
                part = test.take(slice(start, start + size))
                yield corrupt(
                    part.images, name, severity, seed=recipe.seed, ids=part.ids, preset=recipe.preset
                )
            bar.advance(images=recipe.n, note=f"{name} {severity}")

    shape = (recipe.n * len(recipe.severities), *recipe.shape)
    manifest.files[f"{name}.npy"] = npy.write(folder / f"{name}.npy", blocks(), np.dtype(np.uint8), shape)
    manifest.constants[name] = [
        constants(recipe.preset, name, severity, *recipe.shape[:2]) for severity in recipe.severities
    ]
    manifest.save(folder)
