"""The manifest of a folder of corrupted images: it says how they were made, and tells them from the published files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from withstand.base import files, json_file
from withstand.base.errors import UserError
from withstand.base.names import inside
from withstand.images import npy
from withstand.shifts.corruption import tree

MANIFEST = "manifest.json"
_FORMAT = 1
Positive = Annotated[int, msgspec.Meta(ge=0, le=1 << 48)]


class _Form(msgspec.Struct):
    """What says whether the rest can be read."""

    format: int


@dataclass(frozen=True)
class Recipe:
    """All that the bytes of the files depend on.

    Attributes:
        images: SHA-256 of the clean images with their labels and ids.
        n: how many images there are; ``shape`` is their H, W, 3.
        severities: in the order of the blocks of a file; of a tree none, as its folders say it.
        seed, preset: what ``corrupt`` was told.
        version: of withstand.
        constants: in place of the preset's, by corruption.
        layout: ``npy``, that of CIFAR-10-C, or ``tree``, that of ImageNet-C.
        format: of a tree's files: png, webp, or jpeg with its quality.
    """

    dataset: str
    images: str
    n: Positive
    shape: list[Positive]
    severities: list[float]
    seed: int
    preset: str
    version: str
    constants: dict[str, list[list[float]]] = field(default_factory=dict)
    layout: str = "npy"
    format: str = ""


@dataclass(frozen=True)
class Manifest:
    """What is in a folder.

    Attributes:
        recipe: how it was made.
        classes: names, in the order of the labels.
        made_with: versions of the packages that computed.
        constants: of each corruption, by severity; of a tree, of each condition.
        files: SHA-256 of each file that is there whole; of a tree, of all files of each condition.
        frost: what tells drawn ice from the published photographs; empty for those.
    """

    recipe: Recipe
    classes: list[str]
    made_with: dict[str, str]
    constants: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    frost: str = ""

    def save(self, folder: Path) -> None:
        about = "made by withstand (python main.py experiment=corrupt); not the published files"
        content = asdict(self)
        usual = {item.name: item.default for item in fields(Recipe)} | {"constants": {}}
        content["recipe"] = {k: v for k, v in content["recipe"].items() if v != usual[k]}
        json_file.write(folder / MANIFEST, {"about": about, "format": _FORMAT} | _plain(content))


def _plain(content: Any) -> Any:
    """With whole numbers as such: the same text, whether it was read back in between or not."""
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return int(content) if isinstance(content, float) and content.is_integer() else content


def present(folder: Path) -> bool:
    """Whether the folder is one of ours."""
    return (folder / MANIFEST).is_file()


def read(folder: Path) -> Manifest:
    """The manifest of a folder.

    Raises:
        UserError: it is damaged, or made by a version of withstand that writes another form.
    """
    path = folder / MANIFEST
    form = json_file.read(path, _Form, f"remove {folder} and write it again").format
    if form != _FORMAT:
        raise UserError(f"{path} has form {form}, this version reads form {_FORMAT}; write {folder} again")
    manifest = json_file.read(path, Manifest, f"remove {folder} and write it again")
    for name in manifest.files:
        if not inside(name):
            raise files.damaged(
                path, f"its file {name!r} lies elsewhere", f"remove {folder} and write it again"
            )
    return manifest


def resumed(folder: Path, fresh: Manifest, overwrite: bool) -> Manifest:
    """The manifest to go on with: ``fresh``, or that of the folder with those of its files that are still what it says.

    Raises:
        UserError: the folder was written by another recipe and ``overwrite`` is false.
    """
    if not present(folder):
        return fresh
    if overwrite:
        _refuse_other_layout(folder, fresh)
        return fresh
    manifest = read(folder)
    said = {
        key: value for key, value in vars(fresh.recipe).items() if key != "dataset"
    }  # its images say which it is
    changed = [key for key, value in said.items() if getattr(manifest.recipe, key) != value]
    if "layout" in changed:  # which says the rest
        changed = ["layout"]
    if changed:
        old = ", ".join(
            "other images" if key == "images" else f"{key} {getattr(manifest.recipe, key)}" for key in changed
        )
        raise UserError(
            f"{folder} was written with other settings ({old}); add overwrite=true, or shift.written=FOLDER"
        )
    with ThreadPoolExecutor(2) as pool:  # hashing lets go of the interpreter
        same = pool.map(lambda name: intact(folder, manifest, name), manifest.files)
        files = {
            name: digest for (name, digest), fine in zip(manifest.files.items(), same, strict=True) if fine
        }
    if manifest.frost != fresh.frost:
        files = {
            name: digest for name, digest in files.items() if not name.startswith(("frost.npy", "frost/"))
        }
    return replace(manifest, files=files, frost=fresh.frost)


def _refuse_other_layout(folder: Path, fresh: Manifest) -> None:
    """Files of one layout are no part of the other, and would stay among them."""
    try:
        there = read(folder).recipe.layout
    except UserError:  # damaged: nothing of it counts
        return
    if there != fresh.recipe.layout:
        raise UserError(
            f"{folder} holds files of corrupt.layout={there}; remove it, or set shift.written=FOLDER"
        )


def intact(folder: Path, manifest: Manifest, name: str) -> bool:
    """Whether a file, or the files of a condition of a tree, are what was written."""
    if "/" not in name:
        return npy.intact(folder / name, manifest.files[name])
    cell = folder / name
    try:
        return tree.digest(cell, [file for _, file in tree.files(cell)], folder) == manifest.files[name]
    except OSError:
        return False
