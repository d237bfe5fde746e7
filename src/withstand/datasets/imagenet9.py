"""ImageNet-9 and its variants (Xiao et al., 2020), or a set of one's own in the same layout.

The release holds test images alone. As a plain data set, for experiment 1, it trains on ``original/train`` where the
user has put it, and else on four fifths of the foregrounds, tested on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.backgrounds import lenders
from withstand.backgrounds.folds import folds
from withstand.backgrounds.layout import Layout, identity, read
from withstand.backgrounds.worlds import World, Worlds
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.checks import own_settings
from withstand.config.ranges import ranged
from withstand.config.schema import SIDE, Config
from withstand.images.imageset import Dataset, ImageSet
from withstand.images.listing import class_folders, listed
from withstand.images.photographs import Photographs, decoded, worst


@dataclass
class Settings:
    """What configs/dataset/imagenet9.yaml sets beyond what every dataset has."""

    folder: str = "data/ImageNet9/bg_challenge"
    cache: str | None = None  # the decoded images; default {folder}/.decoded
    size: int = ranged(224, 1, SIDE)
    skip_damaged: bool = False


def from_config(config: Config) -> Dataset:
    """Originals to train and test on, with no foreground in both."""
    settings = own_settings(Settings, "dataset", config.dataset.options)
    found = worlds(config, ("original",))
    own = _training_images(settings, found, config.dataset.num_classes)
    if own is not None:
        return Dataset("imagenet9", own, found.of("original"), found.content)
    train, test = (found.of("original", np.flatnonzero(rows)) for rows in (~found.held_out, found.held_out))
    return Dataset("imagenet9", train, test, found.content)


def worlds(config: Config, wanted: Sequence[str] | None) -> Worlds:
    """Every variant that is there, or those that are wanted, decoded.

    Raises:
        UserError: see ``layout.read``; or files are damaged and ``dataset.skip_damaged`` is false.
    """
    settings = own_settings(Settings, "dataset", config.dataset.options)
    root = Path(settings.folder)
    layout = read(root, wanted, config.dataset.num_classes)
    photographs = {name: _decoded(settings, files, name) for name, files in layout.files.items()}
    kept, skipped = _whole(layout, photographs, settings.skip_damaged)
    lent, notes = lenders.of(layout, {name: one.images for name, one in photographs.items()})
    everything = Worlds(
        name="imagenet9",
        ids=layout.ids,
        labels=layout.labels,
        classes=layout.classes,
        variants={
            name: World(
                photographs[name].images,
                np.arange(len(layout.names)),
                lent[name].background,
                lent[name].ids,
                photographs[name].digest,
            )
            for name in layout.files
        },
        source=f"files in {root}",
        held_out=_held_out(root, layout, config.image_seed),
        notes=(*notes, *skipped),
        content=photographs["original"].digest,
    )
    return everything.only(kept) if skipped else everything


def _held_out(root: Path, layout: Layout, seed: int) -> NDArray[np.bool_]:
    """The foregrounds that experiment 1 tests: all where it has training images of its own, else a fifth."""
    if (root / "original" / "train").is_dir():
        return np.ones(len(layout.names), np.bool_)
    return folds(layout.ids, layout.labels, 5, seed) == 0


def _decoded(settings: Settings, files: Sequence[Path], name: str) -> Photographs:
    root = Path(settings.folder)
    return decoded(
        files, root, settings.size, Path(settings.cache or root / ".decoded"), f"{name}-{settings.size}"
    )


def _whole(
    layout: Layout, photographs: dict[str, Photographs], skip: bool
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The positions of the foregrounds that are whole in every variant, and a sentence about the others."""
    damaged = {v: one.damaged for v, one in photographs.items() if one.damaged}
    if not damaged:
        return np.arange(len(layout.names)), ()
    files = [
        (layout.files[v][at], reason) for v, reasons in damaged.items() for at, reason in reasons.items()
    ]
    total = sum(map(len, layout.files.values()))
    said = f"{len(files):,} of {total:,} images cannot be decoded: {worst(files)}"
    if not skip:
        raise UserError(
            f"{said}. Replace them, or leave their foregrounds out with dataset.skip_damaged=true"
        )
    bad = sorted({at for reasons in damaged.values() for at in reasons})
    say(f"{said}; {len(bad):,} of {len(layout.names):,} foregrounds are left out")
    kept = np.setdiff1d(np.arange(len(layout.names)), bad)
    if not len(kept):
        raise UserError(f"{said}; no foreground is left")
    return kept, (
        f"{len(bad):,} of {len(layout.names):,} foregrounds are left out: an image of theirs is damaged.",
    )


def _training_images(settings: Settings, test: Worlds, num_classes: int) -> ImageSet | None:
    """The images of ``original/train``, where there is such a folder.

    Raises:
        UserError: it has other classes than the test images, or holds one of them.
    """
    place = Path(settings.folder) / "original" / "train"
    if not place.is_dir():
        return None
    folders = class_folders(place)
    files = [(label, folder, f) for label, folder in enumerate(folders) for f in listed(place / folder)]
    if len(folders) != num_classes or not files:
        raise UserError(
            f"{place} has {len(files):,} images in {len(folders)} class folders, not {num_classes}"
        )
    ids = np.array([identity(folder, file.stem) for _, folder, file in files], np.int64)
    shared = np.isin(ids, test.ids)
    if shared.any():
        first = files[int(shared.argmax())][2]
        raise UserError(
            f"{place} holds {int(shared.sum()):,} of the test images, e.g. {first.name}; remove them"
        )
    photographs = _decoded(settings, [file for _, _, file in files], "train")
    if photographs.damaged and not settings.skip_damaged:
        said = worst((files[row][2], reason) for row, reason in photographs.damaged.items())
        raise UserError(
            f"{len(photographs.damaged):,} of {len(files):,} training images cannot be decoded: {said}."
            " Replace them, or leave them out with dataset.skip_damaged=true"
        )
    labels = np.array([label for label, _, _ in files], np.int64)
    images = ImageSet(photographs.images, labels, ids, test.classes)
    return (
        images.take(np.setdiff1d(np.arange(len(files)), list(photographs.damaged)))
        if photographs.damaged
        else images
    )
