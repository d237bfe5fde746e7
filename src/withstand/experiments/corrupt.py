"""The test images under every corruption and severity, as files in the layout of CIFAR-10-C or of ImageNet-C."""

from __future__ import annotations

from pathlib import Path

from withstand import __version__, datasets
from withstand.base.console import progress, say
from withstand.base.lock import one_writer
from withstand.config.schema import Config
from withstand.corruptions import frost
from withstand.engines import device
from withstand.images.imageset import ImageSet
from withstand.results import provenance
from withstand.shifts.corruption.asked import Asked, asked, own_constants
from withstand.shifts.corruption.manifest import MANIFEST, Manifest, Recipe
from withstand.shifts.corruption.sources import Made, notes, preset_for
from withstand.shifts.corruption.writing import Parts, opened, parts, write

USES = ("shift", "corrupt", "cluster")


def run(config: Config, overrides: list[str]) -> int:
    device.set_threads(config.threads)
    cells = asked(config.shift)
    every = parts(cells, config.corrupt.layout)
    dataset = datasets.load(config)
    folder, test = Path(config.shift.written), dataset.test
    recipe = _recipe(config, cells, dataset.name, test)
    fresh = Manifest(recipe, list(test.classes), provenance.versions(), frost=frost.drawn())
    with one_writer(folder, config.lock):
        _write(config, fresh, every, test)
    say(f"  {folder / MANIFEST} holds their digests")
    return 0


def _write(config: Config, fresh: Manifest, every: Parts, test: ImageSet) -> None:
    """Every part that the folder does not hold."""
    folder, recipe = Path(config.shift.written), fresh.recipe
    manifest = opened(folder, fresh, test, config.overwrite)
    missing = {name: part for name, part in every.items() if name not in manifest.files}
    names = list(dict.fromkeys(name for name, _ in every.values()))
    conditions = sum(len(severities) for _, severities in every.values())
    say(
        f"{folder}: {len(names)} corruptions, {conditions} conditions × {len(test):,} images,"
        f" {len(every) - len(missing)} done; seed {recipe.seed}, preset {recipe.preset}"
    )
    for note in notes(Made.of(config.shift, test), names):
        say(f"  {note}")
    left = sum(len(severities) for _, severities in missing.values())
    with progress("corrupt", conditions, conditions - left) as bar:
        for name, part in missing.items():
            write(folder, name, part, manifest, test, bar, config.corrupt.quality)


def _recipe(config: Config, cells: Asked, dataset: str, test: ImageSet) -> Recipe:
    shift, how = config.shift, config.corrupt
    tree = how.layout == "tree"
    lossy = f" {how.quality}" if how.format == "jpeg" else ""
    own = own_constants(shift)
    return Recipe(
        dataset=dataset,
        images=test.digest,
        n=len(test),
        shape=list(test.images.shape[1:]),
        severities=[] if tree else list(dict.fromkeys(severity for _, severity in cells)),
        seed=shift.seed,
        preset=preset_for(shift, test),
        version=__version__,
        constants={name: [list(row) for row in rows] for name, rows in own.items()},
        layout=how.layout,
        format=how.format + lossy if tree else "",
    )
