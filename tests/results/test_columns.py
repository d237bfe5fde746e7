"""Cells are read once for all that is asked of a run, and no view of a run is given another's values."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.report.conftest import SOME, write_run

from withstand.results.conditions import CLEAN
from withstand.results.metrics import METRICS
from withstand.results.reading import load_run
from withstand.results.store import Store

FEW = SOME[:4]


@pytest.fixture
def reads(monkeypatch):
    """How often each file is read."""
    counted: Counter[str] = Counter()
    whole = Store.read

    def read(store, cell):
        counted[str(cell)] += 1
        return whole(store, cell)

    monkeypatch.setattr(Store, "read", read)
    return counted


def test_a_table_of_every_metric_reads_each_cell_once_and_never_again(tmp_path, reads):
    run = load_run(write_run(tmp_path, "small_cnn", conditions=FEW, sheet=False))
    run.frame()
    for name in METRICS.ours:
        if METRICS[name].asked_of("corruption"):
            run.scores.values(name)
    run.under([CLEAN]).scores.values("nll")
    assert len(reads) == len(FEW) and set(reads.values()) == {1}
    load_run(run.folder).frame()
    assert set(reads.values()) == {1}, "what was kept was not found"


def test_the_values_are_those_of_a_run_that_is_read_anew(tmp_path):
    folder = write_run(tmp_path, "small_cnn", conditions=FEW, sheet=False)
    run = load_run(folder)
    for name in ("top1", "ece", "nll", "brier", "aurc", "top5"):
        alone = METRICS[name].per_image(load_run(folder).predictions(FEW[2]))
        assert np.array_equal(run.scores.values(name)[:, 2], np.asarray(alone, np.float32)), name


def test_a_part_of_the_images_and_another_s_files_have_values_of_their_own(tmp_path):
    run, other = (
        load_run(write_run(tmp_path, name, conditions=FEW, skill=skill, sheet=False))
        for name, skill in (("a", 4.0), ("b", 0.0))
    )
    whole = run.scores.values("ece")
    some = run.on(run.scores.ids[:30])
    assert some.scores.values("ece").shape == (30, 4)
    assert not np.allclose(some.scores.values("ece"), whole[:30]), "it is made of the images that count"
    from dataclasses import replace

    mixed = replace(run, folder=other.folder, files=other.files)
    assert np.array_equal(mixed.scores.values("top1"), other.scores.values("top1"))
    assert not np.array_equal(mixed.scores.values("top1"), run.scores.values("top1"))
