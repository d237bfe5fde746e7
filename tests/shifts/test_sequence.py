"""Films in small steps: what they show, published and made, and how steady answers are along them."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import rankdata

import withstand
from withstand import report, shifts
from withstand.analysis.steadiness import FARTHEST, Steady, top5_distance
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.images.imageset import Dataset, ImageSet
from withstand.report.left_out import caution
from withstand.results.conditions import CLEAN, Condition
from withstand.results.run import Run
from withstand.results.store import Cell, Predictions, Store
from withstand.shifts.sequence.made import MAKES

DRAW = np.random.default_rng(0)
CLASSES = tuple("abcdefghijkl")


def images(n: int = 12, size: int = 32) -> ImageSet:
    # Smooth, so that half a pixel matters little.
    coarse = DRAW.integers(0, 256, (n, 3, 4, 4)).astype(np.float32)
    smooth = torch.nn.functional.interpolate(torch.from_numpy(coarse), size=size, mode="bicubic")
    pixels = smooth.clamp(0, 255).permute(0, 2, 3, 1).numpy().astype(np.uint8)
    return ImageSet(pixels, np.arange(n) % len(CLASSES), np.arange(n), CLASSES)


TEST = images()


def film(test: ImageSet = TEST, *words: str) -> Any:
    return shifts.load(settings(*words), Dataset("some", test.take(slice(0, 0)), test))


@functools.cache
def settings(*words: str) -> Any:
    return compose(["experiment=robustness", "shift=sequence", "shift.films=nowhere", *words]).shift


def frames(shift: Any, kind: str) -> np.ndarray:
    return np.stack(
        [shift.images(c).images().images for c in shift.conditions() if c.variant == kind], axis=1
    )


@pytest.mark.parametrize("kind", [kind for kind in MAKES if kind != "gaussian_noise"])
def test_a_film_begins_with_the_image_and_goes_on_in_small_steps(kind: str) -> None:
    found = frames(film(), kind).astype(int)
    assert found.shape == (12, 10, 32, 32, 3) and np.array_equal(found[:, 0], TEST.images)
    steps = np.abs(np.diff(found, axis=1)).mean(axis=(2, 3, 4))
    assert (steps > 0).all() and steps.mean() < 12  # of 255 levels
    away = np.abs(found - found[:, :1]).mean(axis=(0, 2, 3, 4))
    assert (np.diff(away) > 0).all()  # each frame is farther from the first


def test_noise_is_drawn_anew_for_each_frame() -> None:
    found = frames(film(), "gaussian_noise").astype(float)
    residues = found - TEST.images[:, None]
    inner = (TEST.images[:, None] > 40) & (TEST.images[:, None] < 215) & np.ones_like(residues, bool)
    assert abs(residues[inner].std() / 255 - 0.04) < 0.004
    assert len({frame.tobytes() for frame in found[0]}) == 10


def test_translation_is_by_whole_pixels_to_one_side_at_thirty_two() -> None:
    test = images(8)
    found = frames(film(test), "translate")
    for image, first in zip(found, test.images, strict=True):
        moved = [np.array_equal(image[3, :, side], first[:, back]) for side, back in
                 ((slice(3, None), slice(None, -3)), (slice(None, -3), slice(3, None)))]  # fmt: skip
        assert sum(moved) == 1


def test_what_an_image_gets_depends_on_itself_alone() -> None:
    some = film(TEST.take(np.array([7, 2])))
    for kind in MAKES:
        assert np.array_equal(frames(some, kind), frames(film(), kind)[[7, 2]])
    assert not np.array_equal(frames(film(TEST, "shift.seed=7"), "rotate"), frames(film(), "rotate"))


def test_files_as_published_are_read_where_they_show_these_images(tmp_path: Path) -> None:
    noise = DRAW.integers(-40, 41, (12, 5, *TEST.images.shape[1:]))
    films = (TEST.images[:, None] + noise).clip(0, 255).astype(np.uint8)
    films = np.concatenate(
        [films, DRAW.integers(0, 256, (8, *films.shape[1:]), np.uint8)]
    )  # of images not tested
    np.save(tmp_path / "tilt.npy", films)
    np.save(tmp_path / "shot_noise.npy", films)
    words = [f"shift.films={tmp_path}"]
    shift = film(TEST, *words)
    assert np.array_equal(frames(shift, "tilt"), films[:12]) and not shift.notes
    assert [c.severity for c in shift.conditions() if c.variant == "tilt"] == [1, 2, 3, 4, 5]
    assert (
        shift.about["against"] == {"shot_noise": "first", "tilt": "previous"} and "CIFAR-10-P" in shift.source
    )
    facts = shift.facts(Condition("sequence", "tilt", 1))
    assert facts == shift.facts(Condition("sequence", "tilt", 2))
    for wrong, told in (
        (films[:5], "films of other images"),
        (films[::-1], "films of other images"),
        (DRAW.integers(0, 256, films.shape, np.uint8), "films of other images"),
        (films[..., :1], "not uint8 images×frames×32×32×3"),
        (films[:, :1], "two or more"),
    ):
        np.save(tmp_path / "tilt.npy", wrong)
        other = film(TEST, *words)
        (note,) = other.notes
        assert (
            told in note
            and note.endswith("so films are made")
            and "made from the test images" in other.source
        )
    (tmp_path / "tilt.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(UserError, match="is damaged"):
        film(TEST, *words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shift.perturbations=[tilt]",), "unknown 'tilt'"),
        (("shift.frames=1",), "must be 2 or more"),
        (("shift.severities=[1]",), "shift=sequence has no setting 'shift.severities'"),
    ],
)
def test_what_cannot_be_is_one_line(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(UserError, match=told):
        film(TEST, *words)


def test_top5_distance_is_the_published_one() -> None:
    """By ranks of all classes, as it is defined: only what is within or moves into the first five counts."""
    draw = np.random.default_rng(3)
    logits = draw.normal(size=(2, 300, 12)) + 2 * draw.normal(size=12)
    orders = [np.argsort(-one, axis=1)[:, :5] for one in logits]
    found = top5_distance(orders[0], orders[1], 12)
    ranks = [rankdata(-one, axis=1).astype(int) for one in logits]
    capped = np.minimum(np.arange(13), 6)  # place 6 and beyond are alike
    expected = [
        sum(abs(capped[now[label]] - was[label]) for label in range(12) if was[label] <= 5)
        for was, now in zip(*ranks, strict=True)
    ]
    assert np.array_equal(found, expected) and 0 < found.min() + found.max() <= 2 * FARTHEST
    assert top5_distance(np.arange(5)[None], np.arange(5, 10)[None], 12) == [FARTHEST]
    assert top5_distance(np.arange(5)[None], np.arange(5)[None], 12) == [0]


class Threshold(torch.nn.Module):
    """Class by the mean level, in steps of ``width`` levels: brighter images are other classes."""

    def __init__(self, width: float) -> None:
        super().__init__()
        self.width = torch.nn.Parameter(torch.tensor(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        level = (x.mean((1, 2, 3)) * 255 / self.width).floor() % len(CLASSES)
        return torch.nn.functional.one_hot(level.long(), len(CLASSES)).float()


def run_of(tmp_path: Path, width: float, name: str, test: ImageSet = TEST) -> Any:
    shift = film(test, "shift.perturbations=[brightness,translate]")
    return withstand.evaluate(
        Threshold(width), test, shifts=shift, device="cpu", out=tmp_path / name, name=name
    ).run


def test_flips_are_counted_a_step_at_a_time_and_an_image_is_one_draw(tmp_path: Path) -> None:
    test = images(60)
    runs = [run_of(tmp_path, width, name, test) for width, name in ((4.0, "nervous"), (60.0, "calm"))]
    found = Steady.of(runs)
    assert found is not None and found.names == ("calm", "nervous") and not found.left_out
    shift = film(test)
    for name, width in (("calm", 60.0), ("nervous", 4.0)):
        classes = np.floor(frames(shift, "brightness").mean(axis=(2, 3, 4)) / np.float32(width)) % len(
            CLASSES
        )
        rate = (np.diff(classes, axis=1) != 0).mean()
        assert found.flip(name, "brightness").value == pytest.approx(rate, abs=0.004)
        assert found.flip(name).n == 60
    assert found.flip("nervous", "brightness").low > found.flip("calm", "brightness").high
    ((one, other, apart, p),) = found.pairs
    assert (one, other) == ("calm", "nervous") and apart.above_zero and p < 0.01
    assert (
        found.relative("calm", "calm").value == pytest.approx(1)
        and found.relative("calm", "nervous").value < 1
    )
    page = report.write(runs, tmp_path / "report").read_text()
    assert "Small steps" in page and "fewer flips, points" in page and "Other shifts" not in page
    assert "mFP by nervous" in report.write(runs, tmp_path / "by", baseline="nervous").read_text()


def test_other_films_do_not_stand_beside_these(tmp_path: Path) -> None:
    first, second = run_of(tmp_path, 4.0, "a"), run_of(tmp_path, 4.0, "b")
    only = replace(second, files={c: f for c, f in second.files.items() if c.severity != 10})
    found = Steady.of([first, only])
    assert (
        found is not None
        and found.names == ("a",)
        and "other perturbations or frames" in found.left_out[0].reason
    )


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_of_few_classes_there_are_flips_and_no_top5_distance(tmp_path: Path, classes: int) -> None:
    found = Steady.of([drawn(tmp_path, "few", ("move",), classes=classes)])
    assert found is not None and not found.moved and 0 < found.flip("few").value < 1


def test_an_answer_that_is_no_number_is_not_steady(tmp_path: Path) -> None:
    broken = drawn(tmp_path, "broken", ("move",), broken=True)
    found = Steady.of([broken, drawn(tmp_path, "sound", ("move",))])
    assert found is not None and found.names == ("sound", "broken")
    assert found.flip("broken").value == 1 and found.moved["broken"].mean() == FARTHEST
    (told,) = caution({"broken": broken}, withstand.compare([]))
    assert "200 of its outputs, under 5 conditions, are not numbers" in told.reason


def test_what_most_runs_saw_is_what_they_are_compared_on(tmp_path: Path) -> None:
    kinds = {"a": ("move",), "b": ("move",), "more": ("blur", "move"), "less": ()}
    found = Steady.of([drawn(tmp_path, name, own) for name, own in kinds.items()])
    assert found is not None and sorted(found.names) == ["a", "b", "more"]
    assert found.perturbations == ("move",) and [one.what for one in found.left_out] == ["less"]


def test_a_film_of_one_frame_has_no_step(tmp_path: Path) -> None:
    assert Steady.of([drawn(tmp_path, "still", ("move",), frames=1)]) is None


def drawn(
    root: Path, name: str, kinds: tuple[str, ...], classes: int = 12, frames: int = 5, broken: bool = False
) -> Run:
    """A run of 40 drawn answers to each frame."""
    draw, store, cells = np.random.default_rng(len(name)), Store(root / name / "predictions"), []
    shown = [Condition("sequence", kind, frame + 1) for kind in kinds for frame in range(frames)]
    for condition in shown or [CLEAN]:
        logits = np.full((40, classes), np.nan) if broken else draw.normal(size=(40, classes))
        cell = Cell(condition, {"weights": name})
        store.write(cell, Predictions(np.arange(40), np.zeros(40, np.int64), logits.astype(np.float32)))
        cells.append({**vars(condition), "file": cell.file})
    said = {"kind": "sequence", "against": dict.fromkeys(kinds or ("move",), "previous")}
    record = {"model": name, "dataset": "d", "cells": cells, "shifts": {"sequence": said}}
    (root / name / "summary.json").write_text(json.dumps(record))
    return withstand.load_run(root / name)
