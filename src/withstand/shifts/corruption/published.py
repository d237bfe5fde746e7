"""Corrupted test images that were not made here: files in the layout of CIFAR-10-C, or of ImageNet-C."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from withstand.base.console import progress
from withstand.base.errors import UserError
from withstand.datasets.cifar10 import CLASSES
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Geometry
from withstand.shifts.corruption import official, tree
from withstand.shifts.corruption.asked import Asked
from withstand.shifts.corruption.sources import Origin


@dataclass(frozen=True)
class Official:
    """The published CIFAR-10-C, CIFAR-100-C, or files in their layout that anyone may have made.

    Those of CIFAR-10-C are told by their MD5; of CIFAR-100-C none are known here, so its files are called what can be
    seen of them, and their digests are on record.
    """

    folder: Path
    test: ImageSet
    altered: dict[str, str]  # the files whose bytes are not those of CIFAR-10-C, and their MD5

    @classmethod
    def of(cls, folder: Path, names: Sequence[str], test: ImageSet) -> Official:
        """Raises ``UserError`` where a file is missing, damaged or of other images."""
        official.check(folder, names, test)
        return cls(folder, test, official.altered(folder, names))

    @property
    def words(self) -> str:
        if not self.altered:
            return f"official CIFAR-10-C files in {self.folder}"
        if self.test.classes != CLASSES:
            return f"files in CIFAR-C's layout in {self.folder}, told by their own digests"
        some = ", ".join(list(self.altered)[:3]) + (", …" if len(self.altered) > 3 else "")
        return (
            f"files in CIFAR-10-C's layout in {self.folder}, {len(self.altered)} of which are not the published ones by"
            f" their MD5 ({some})"
        )

    def facts(self, corruption: str | None = None, severity: float | None = None) -> dict[str, Any]:
        if corruption is not None and self.test.classes != CLASSES:
            own = ("labels.npy", f"{corruption}.npy")
            return {"corruptions": {name: self.altered[name] for name in own if name in self.altered}}
        return {"corruptions": self.altered or "official"}

    def images(self, corruption: str, severity: float) -> Blocks:
        return official.load(self.folder, corruption, int(severity), self.test)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)


@dataclass(frozen=True)
class Tree:
    """Files in ImageNet-C's layout, which anyone may have made.

    Attributes:
        found: what the folder holds.
        digests: of the files of each condition that is asked for.
        form: how files of other sizes than the test images' become such.
        note: what of the folder is passed over.
    """

    folder: Path
    test: ImageSet
    found: tree.Found
    digests: Mapping[tuple[str, float], str]
    form: Geometry | None = None
    note: str = ""

    @classmethod
    def of(cls, folder: Path, found: tree.Found, cells: Asked, test: ImageSet, form: Geometry | None) -> Tree:
        """Raises ``UserError`` where a test image has no file under a condition."""
        digests: dict[tuple[str, float], str] = {}
        lacking, extra, first = [], 0, ""
        with progress(f"looking at {folder}", len(cells)) as bar:
            for corruption, severity in cells:
                place = found[corruption][severity]
                pairs = tree.pair(place, test)
                extra += pairs.extra
                if pairs.missing:
                    lacking.append(len(pairs.missing))
                    first = first or f"{corruption}/{severity}/{pairs.missing[0]}"
                else:
                    files = [pairs.files[row] for row in range(len(test))]
                    digests[corruption, severity] = tree.digest(place, files, folder)
                bar.advance(images=len(test), note=f"{corruption} {severity}")
        beside = f"{extra:,} file{'s are' if extra > 1 else ' is'} of no test image" if extra else ""
        if lacking:
            raise UserError(
                f"{folder} lacks {sum(lacking):,} of {len(cells) * len(test):,} images, in {len(lacking)} of"
                f" {len(cells)} conditions ({first}, …){' and ' + beside if beside else ''}; complete it, or set"
                " shift.corruptions and shift.severities to what is whole"
            )
        return cls(folder, test, found, digests, form, f"{folder}: {beside}" if beside else "")

    @property
    def words(self) -> str:
        return f"files in ImageNet-C's layout in {self.folder}"

    def facts(self, corruption: str | None = None, severity: float | None = None) -> dict[str, Any]:
        asked = [key for key in self.digests if corruption in (None, key[0]) and severity in (None, key[1])]
        each = [self.digests[key] for key in asked]
        whole = each[0] if len(each) == 1 else hashlib.sha256(" ".join(each).encode()).hexdigest()
        return {"corruptions": "files", "layout": "tree", "digest": whole}

    def images(self, corruption: str, severity: float) -> Blocks:
        return tree.load(self.found[corruption][severity], self.test, self.form)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)
