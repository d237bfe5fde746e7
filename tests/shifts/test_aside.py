"""Images that ask for no accuracy: they stand beside the conditions, in no mean, and have tables of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import withstand
from withstand import datasets
from withstand.analysis.outsiders import Outsiders, all_of
from withstand.analysis.scaled import Scaled, scaled
from withstand.cli import main
from withstand.config.composing import compose
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_run
from withstand.results.run import Run
from withstand.results.runs import LeftOut

pytestmark = pytest.mark.xdist_group("aside")  # what they share takes long to make

DATA = ["dataset=shapes", "dataset.n_train=300", "dataset.n_test=60", "device=cpu", "threads=1"]
SHIFT = ["shift.corruptions=[fog,contrast]", "shift.severities=[1,5]"]
FOG = Condition("corruption", "fog", 5)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, in folders that are no classes."""
    folder = tmp_path_factory.mktemp("outside") / "other things"
    folder.mkdir()
    draw = np.random.default_rng(0)
    for place in range(40):
        (folder / f"{place % 3}").mkdir(exist_ok=True)
        pixels = draw.integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{place % 3}" / f"{place}.png")
    return folder


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory, stranger: Path) -> Path:
    """Two trainings, evaluated under corruption and beside images that ask for no accuracy; and their report."""
    root = tmp_path_factory.mktemp("runs")
    where = [f"paths.checkpoints={root / 'checkpoints'}", f"paths.reports={root / 'reports'}"]
    for model in ("small_cnn", "small_vit"):
        words = [*DATA, f"model={model}", *where]
        assert main(["experiment=train", *words, "train.epochs=1"]) == 0
        evaluated = ["experiment=robustness", *words, "evaluation.backend=eager"]
        beside = ["shift=[corruption,validation,outside]", f"shift.folder={stranger}"]
        assert main([*evaluated, *beside, *SHIFT]) == 0
    assert main(["experiment=report", "dataset=shapes", *where]) == 0
    return root


@pytest.fixture(scope="module")
def runs(there: Path) -> list[Run]:
    return [load_run(there / "checkpoints" / f"{model}_shapes") for model in ("small_cnn", "small_vit")]


def test_they_are_in_no_mean_and_no_table_of_conditions(runs: list[Run], there: Path) -> None:
    run = runs[0]
    assert set(run.aside) == {"validation", "other things"} and len(run.conditions) == 5
    assert run.shifts == ("clean", "corruption") and len(run.frame()) == 5
    assert set(withstand.compare(runs).conditions) == set(run.conditions) - {CLEAN}
    table = (there / "reports/shapes/tables/conditions.csv").read_text()
    assert "validation" not in table and "other things" not in table


def test_the_validation_images_are_those_of_the_training(runs: list[Run]) -> None:
    data = datasets.load(compose([*DATA, "model=small_cnn"]))
    _, chosen = datasets.split(data.train, 0.1, 42)
    read = runs[0].beside("validation")
    assert (
        np.array_equal(np.sort(read.ids), np.sort(chosen.ids)) and not np.isin(read.ids, data.test.ids).any()
    )
    order = np.argsort(read.ids)
    assert np.array_equal(read.labels[order], chosen.labels[np.argsort(chosen.ids)])


def test_the_page_has_a_table_of_each_with_its_numbers(runs: list[Run], there: Path) -> None:
    tables = there / "reports/shapes/tables"
    outside = (tables / "outside-other things.csv").read_text().splitlines()
    assert len(outside) == 3 and outside[0].startswith("origin,model,max_logit_auroc,")
    ids = withstand.compare(runs).ids
    one = scaled(runs[0], {"clean": (CLEAN,), "corrupted": (FOG,)}, ids)
    assert isinstance(one, Scaled) and one.images == 30
    lines = (tables / "temperature.csv").read_text().splitlines()
    row = dict(
        zip(lines[0].split(","), next(line for line in lines if "small_cnn" in line).split(","), strict=True)
    )
    assert float(row["temperature"]) == pytest.approx(one.temperature)
    assert float(row["clean_ece"]) == pytest.approx(100 * one.groups["clean"].ece.value)
    page = (there / "reports/shapes/report.md").read_text()
    assert "## Temperature scaling" in page and "## Images from outside" in page


def test_a_validation_by_another_seed_fits_no_temperature(runs: list[Run]) -> None:
    run = runs[0]
    config = run.provenance["config"] | {"seed": 7}
    other = replace(run, provenance=run.provenance | {"config": config})
    found = scaled(other, {"clean": (CLEAN,)}, run.predictions(CLEAN).ids)
    assert isinstance(found, LeftOut) and "seed 42" in found.reason and "shift.split_seed" in found.reason


def test_a_network_that_was_trained_elsewhere_on_these_images_fits_none(runs: list[Run]) -> None:
    class Known(Run):
        def beside(self, name: str):
            read = super().beside(name)
            return replace(read, logits=np.eye(read.logits.shape[1], dtype=np.float32)[read.labels])

    run = Known(**{name: getattr(runs[0], name) for name in Run.__dataclass_fields__})
    elsewhere = replace(run, epochs={"epoch": run.epochs["epoch"][:0]})
    found = scaled(elsewhere, {"clean": (CLEAN,)}, run.predictions(CLEAN).ids)
    assert isinstance(found, LeftOut) and "it was trained on them" in found.reason


def test_two_that_saw_the_same_stand_side_by_side_and_another_is_left_out(runs: list[Run]) -> None:
    (found,) = all_of(runs)
    assert found.name == "other things" and (found.inside, found.outside) == (60, 40)
    best, other = found.told.values()
    assert best["max logit"].behind is None and other["max logit"].behind is not None
    about = runs[1].summary["shifts"] | {"other things": {"kind": "outside", "images": "0"}}
    odd = replace(runs[1], summary=runs[1].summary | {"shifts": about})
    apart = Outsiders.of([runs[0], odd], "other things")
    assert (
        apart is not None
        and len(apart.told) == 1
        and "from outside are not those" in apart.left_out[0].reason
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shift=outside"], "set shift.folder=FOLDER"),
        (["shift=outside", "shift.folder=nowhere"], "there is no nowhere; put the images there"),
        (["shift=validation", "shift.fitted_on=nowhere"], "there is no folder nowhere"),
        (["shift=validation", "shift.share=0"], "shift.share=0"),
    ],
)
def test_what_is_not_there_is_one_line(
    words: list[str], said: str, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["experiment=robustness", "model=small_cnn", *DATA, f"paths.checkpoints={there / 'checkpoints'}"]
    assert main([*given, *words]) == 2
    error = capsys.readouterr().err.strip()
    assert said in error and "\n" not in error


def test_test_images_are_not_from_outside(
    there: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = datasets.load(compose([*DATA, "model=small_cnn"])).test
    for row in range(3):
        Image.fromarray(np.asarray(test.images[row])).save(tmp_path / f"{row}.png")
    given = ["experiment=robustness", "model=small_cnn", *DATA, f"paths.checkpoints={there / 'checkpoints'}"]
    assert main([*given, "shift=outside", f"shift.folder={tmp_path}"]) == 2
    assert "3 of the 3 images" in (error := capsys.readouterr().err) and "not from outside" in error


def test_from_python(stranger: Path, tmp_path: Path) -> None:
    test = datasets.load(compose([*DATA, "model=small_cnn"])).test
    done = withstand.evaluate(
        lambda images: np.asarray(images, np.float32).mean((1, 2))[:, :3] @ np.ones((3, 10), np.float32),
        test.images,
        test.labels,
        classes=test.classes,
        shifts={"outside": {"folder": str(stranger)}},
        out=tmp_path / "run",
        version="1",
    ).run
    assert list(done.aside) == ["other things"] and done.conditions == (CLEAN,)
