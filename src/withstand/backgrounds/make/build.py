"""A backgrounds challenge from one's own images, in the layout of the ImageNet-9 release, and a manifest of what went
where.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from withstand import __version__
from withstand.backgrounds.lenders import MANIFEST
from withstand.backgrounds.make.cut import CutOut, cut, grabcut_package
from withstand.backgrounds.make.sources import LocatedImage
from withstand.backgrounds.variants import MIXED, VARIANTS, choose_backgrounds, pasted, plain_variants, tiled
from withstand.base import atomic, json_file, lock
from withstand.base.console import progress
from withstand.base.crew import Job, Piece, crew
from withstand.base.errors import UserError
from withstand.base.leftovers import PART
from withstand.base.limits import cores
from withstand.config.schema import MakeBackgroundsConfig
from withstand.images import npy
from withstand.images.photographs import Photographs, decoded

_CHUNK = 128
WORK = ".work"
RECORD = "settings.json"


class _Known(msgspec.Struct):
    """Of the settings of a set, what tells them from others."""

    key: str


@dataclass(frozen=True, eq=False)
class Made:
    """What was made: counts for each class folder, and why images were left out."""

    kept: dict[str, int]
    left_out: dict[str, str]  # class folder/name → reason

    def reasons(self) -> list[tuple[str, list[str]]]:
        """Each reason with the images that it concerns, the most frequent first."""
        by_reason = Counter(self.left_out.values())
        return [
            (reason, [n for n, why in self.left_out.items() if why == reason])
            for reason, _ in by_reason.most_common()
        ]


def build(
    settings: MakeBackgroundsConfig, sources: Sequence[LocatedImage], seed: int, overwrite: bool
) -> Made:
    """Cut out, put together and write; resumes where an earlier run of the same settings stopped.

    Raises:
        UserError: the folder holds something else, a class is left with fewer than two images, or a file cannot be
        written.
    """
    to = Path(settings.to)
    if settings.boxes:
        grabcut_package()
    facts = _facts(settings, sources, seed)
    _claim(to, facts, overwrite)
    files = [source.file for source in sources]
    photographs = decoded(files, Path(settings.images), settings.size, to / WORK, "sources")
    cuts = _cut_all(settings, sources, photographs, to / WORK, facts["key"])
    good = [row for row, one in enumerate(cuts) if isinstance(one, CutOut)]
    left_out = {
        f"{s.folder}/{s.name}": one for s, one in zip(sources, cuts, strict=True) if isinstance(one, str)
    }
    kept = Counter(sources[row].folder for row in good)
    few = sorted({source.folder for source in sources} - {folder for folder, n in kept.items() if n > 1})
    made = Made(dict(sorted(kept.items())), left_out)
    if few:
        why = "; ".join(f"{len(names):,}: {reason}" for reason, names in made.reasons()[:3])
        raise UserError(
            f"too few images can be cut out of {', '.join(few)}: a class needs two. Left out: {why}"
        )
    chosen = [cuts[row] for row in good]
    _write(
        settings,
        [sources[row] for row in good],
        photographs.images,
        np.array(good),
        [one for one in chosen if isinstance(one, CutOut)],
        made,
        facts,
        seed,
    )
    return made


def _facts(settings: MakeBackgroundsConfig, sources: Sequence[LocatedImage], seed: int) -> dict[str, Any]:
    """What the set depends on: settings, seed, and the list of images with their boxes."""
    listing = hashlib.sha256()
    for source in sources:
        listing.update(f"{source.folder}/{source.name} {source.box} {source.mask}\n".encode())
    own = {key: value for key, value in asdict(settings).items() if key != "to"}
    facts = {"settings": own, "seed": seed, "images": listing.hexdigest()[:16], "withstand": __version__}
    return facts | {"key": hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]}


def _claim(to: Path, facts: dict[str, Any], overwrite: bool) -> None:
    """Refuse a folder that holds another set, or anything else."""
    record = to / WORK / RECORD
    if record.is_file():
        known = json_file.kept(record, _Known)
        same = known is not None and known.key == facts["key"]
        if not same and not overwrite:
            raise UserError(
                f"{to} holds a set that was made with other settings; add overwrite=true to replace it, or give another"
                " make_backgrounds.to"
            )
        if not same:
            _clear(to)
    elif to.is_dir() and any(not _begun(one) for one in to.iterdir()):
        raise UserError(f"make_backgrounds.to={to} is not empty; give a new folder")
    json_file.write(record, facts)


def _clear(to: Path) -> None:
    """All of a set but the file that says whose it was, so that this can be killed and go on."""
    (to / MANIFEST).unlink(missing_ok=True)
    (to / "sheet.png").unlink(missing_ok=True)
    for folder in (*VARIANTS, "fg_mask"):
        shutil.rmtree(to / folder, ignore_errors=True)
    for left in (to / WORK).iterdir():
        if left.name != RECORD:
            left.unlink()


def _begun(left: Path) -> bool:
    """Whether this is what a start leaves that was killed before it could say whose set it is."""
    if left.name == WORK and left.is_dir():
        return all(one.name.startswith(".") for one in left.iterdir())
    return left.name == lock.FILE or left.name.endswith(PART)


@dataclass(frozen=True, eq=False)
class Cutting(Job):
    """Objects cut out of photographs: of some rows, what each became."""

    title: str
    settings: MakeBackgroundsConfig
    sources: Sequence[LocatedImage]
    photographs: Photographs

    def do(self, what: range) -> Iterator[list[CutOut | str]]:
        with _threads() as pool:
            yield list(pool.map(self._cut, what))

    def _cut(self, row: int) -> CutOut | str:
        photographs = self.photographs
        if row in photographs.damaged:
            return f"it cannot be decoded ({photographs.damaged[row]})"
        width, height = photographs.sizes[row].tolist()
        return cut(photographs.images[row], (width, height), self.sources[row], self.settings)


def _cut_all(
    settings: MakeBackgroundsConfig,
    sources: Sequence[LocatedImage],
    photographs: Photographs,
    work: Path,
    key: str,
) -> list[CutOut | str]:
    """Every object, a file for each batch of them, so that a run that was stopped can resume."""
    batches = {
        work / f"cut-{key}-{start:07d}.npz": range(start, min(start + _CHUNK, len(sources)))
        for start in range(0, len(sources), _CHUNK)
    }

    def there(file: Path) -> list[CutOut | str] | None:
        return _load(file, len(batches[file]), settings.size) if file.is_file() else None

    missing = [file for file in batches if there(file) is None]  # not made yet, or damaged
    pieces = [Piece(f"objects {batches[f].start} on", batches[f], images=len(batches[f])) for f in missing]
    job = Cutting("cutting objects out", settings, sources, photographs)
    with progress("cutting out", len(batches), len(batches) - len(missing)) as bar:
        for number, cuts in crew().do(job, pieces):
            _save(missing[number], cuts, settings.size)
            bar.advance(images=len(cuts))
    found: list[CutOut | str] = []
    for file in batches:
        part = there(file)
        assert part is not None
        found += part
    return found


def _save(file: Path, cuts: list[CutOut | str], size: int) -> None:
    masks, boxes = np.zeros((len(cuts), size, size), np.bool_), np.zeros((len(cuts), 4), np.int64)
    for row, one in enumerate(cuts):
        if isinstance(one, CutOut):
            masks[row], boxes[row] = one.mask, one.box
    reasons = np.array([one if isinstance(one, str) else "" for one in cuts])
    with atomic.replacing(file) as temporary, temporary.open("wb") as opened:
        np.savez_compressed(
            opened, masks=np.packbits(masks, axis=-1), boxes=boxes, reasons=reasons, size=size
        )


def _load(file: Path, count: int, size: int) -> list[CutOut | str] | None:
    """What was cut out of ``count`` pictures; None where the file does not hold that."""
    try:
        content = npy.archive(file)
        packed, boxes, reasons = (content[name] for name in ("masks", "boxes", "reasons"))
    except (OSError, ValueError, KeyError):
        return None
    shapes = (packed.shape, boxes.shape, reasons.shape)
    if shapes != ((count, size, -(-size // 8)), (count, 4), (count,)) or packed.dtype != np.uint8:
        return None
    if boxes.dtype != np.int64 or reasons.dtype.kind != "U" or (boxes < 0).any() or (boxes > size).any():
        return None
    masks = np.unpackbits(packed, axis=-1, count=size).astype(np.bool_)
    return [str(reason) or CutOut(mask, box) for reason, mask, box in zip(reasons, masks, boxes, strict=True)]


def _write(
    settings: MakeBackgroundsConfig,
    sources: Sequence[LocatedImage],
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
    cuts: Sequence[CutOut],
    made: Made,
    facts: dict[str, Any],
    seed: int,
) -> None:
    """Every variant of every foreground, the masks, and at the end the manifest."""
    to, folders = Path(settings.to), list(made.kept)
    labels = np.array([folders.index(source.folder) for source in sources])
    masks, boxes = np.stack([one.mask for one in cuts]), np.stack([one.box for one in cuts])
    lenders = choose_backgrounds(labels, len(folders), seed)
    with progress("putting together", len(sources)) as bar, _threads() as pool:
        for start in range(0, len(sources), _CHUNK):
            part = np.arange(start, min(start + _CHUNK, len(sources)))
            own = images[rows[part]]
            shown = {"original": own, **plain_variants(own, masks[part], boxes[part])}
            for variant in MIXED:
                lent = lenders[variant][part]
                shown[variant] = pasted(own, masks[part], tiled(images[rows[lent]], boxes[lent]))
            tasks: list[Callable[[], None]] = []
            for at, row in enumerate(part.tolist()):
                source = sources[row]
                for variant, pictures in shown.items():
                    name = source.name
                    if variant in MIXED:
                        name = f"fg_{name}_bg_{sources[int(lenders[variant][row])].name}"
                    file = to / variant / "val" / source.folder / f"{name}.JPEG"
                    tasks.append(_jpeg(file, pictures[at], settings.quality))
                tasks.append(_mask(to / "fg_mask" / "val" / source.folder / f"{source.name}.npy", masks[row]))
            list(pool.map(lambda task: task(), tasks))
            bar.advance(len(part), images=len(part))
    place = [f"{source.folder}/{source.name}" for source in sources]
    manifest = {
        **{key: facts[key] for key in ("withstand", "seed", "settings")},
        "classes": made.kept,
        "left_out": made.left_out,
        "files": {at: str(source.file) for at, source in zip(place, sources, strict=True)},
        "backgrounds": {
            variant: {place[row]: place[lent] for row, lent in enumerate(chosen)}
            for variant, chosen in lenders.items()
        },
    }
    json_file.write(to / MANIFEST, manifest)


def _jpeg(file: Path, picture: NDArray[np.uint8], quality: int) -> Callable[[], None]:
    def write() -> None:
        if not file.is_file():
            with atomic.replacing(file) as temporary, temporary.open("wb") as opened:
                # Colours in full: half their resolution would draw a rim around every cut-out.
                Image.fromarray(picture).save(opened, "JPEG", quality=quality, subsampling=0)

    return write


def _mask(file: Path, mask: NDArray[np.bool_]) -> Callable[[], None]:
    def write() -> None:
        if not file.is_file():
            with atomic.replacing(file) as temporary, temporary.open("wb") as opened:
                np.save(opened, mask)

    return write


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores())
