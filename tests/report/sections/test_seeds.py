"""Several trainings of one model: who counts as one, and what stands in the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.report.conftest import SOME, MakeRun

from withstand.analysis.comparison import compare
from withstand.report.section import Context
from withstand.report.sections import seeds
from withstand.report.style import looks
from withstand.results.reading import load_runs
from withstand.results.runs import names
from withstand.statistics import Estimate


def context(root: Path) -> Context:
    runs = load_runs(root)
    return Context(dict(zip(names(runs), runs, strict=True)), compare(runs), looks(names(runs)))


def test_a_row_a_model_with_the_variance_of_seeds(make_run: MakeRun) -> None:
    for seed, skill in ((1, 2.0), (2, 2.3), (3, 1.7)):
        made = make_run("small_cnn", seed=seed, skill=skill, folder=f"cnn-{seed}", conditions=SOME)
    make_run("small_vit", conditions=SOME)
    found = context(made.parent)
    section = seeds.section(found)
    assert section is not None
    (row,) = section.tables[0].rows
    assert (row.values["model"], row.values["seeds"], row.values["images"]) == ("small_cnn", 3, 60)
    for group in ("clean", "corrupted"):
        each = [found.together.accuracy(f"cnn-{seed}", group).times(100) for seed in (1, 2, 3)]
        mean = row.values[group]
        assert isinstance(mean, Estimate)
        assert mean.value == pytest.approx(np.mean([one.value for one in each]), abs=1e-4)
        assert mean.half_width > max(one.half_width for one in each)
        assert row.values[f"{group}_least"] == pytest.approx(min(one.value for one in each), abs=1e-4)
        assert row.values[f"{group}_most"] == pytest.approx(max(one.value for one in each), abs=1e-4)


def test_the_same_seed_or_other_settings_are_no_second_seed(make_run: MakeRun) -> None:
    made = make_run("small_cnn", conditions=SOME)
    make_run("small_cnn", folder="again", conditions=SOME)
    make_run("small_cnn", seed=2, folder="longer", epochs=9, conditions=SOME)
    assert seeds.section(context(made.parent)) is None


def test_a_sampled_seed_is_marked(make_run: MakeRun) -> None:
    made = make_run("small_cnn", conditions=SOME, folder="a")
    make_run("small_cnn", seed=2, sample=20, conditions=SOME, folder="b")
    section = seeds.section(context(made.parent))
    assert section is not None
    assert section.tables[0].rows[0].values["model"] == "small_cnn †"
    assert "sample" in section.tables[0].notes[0]
