"""Cells are read once for all that is asked of a run, and no view of a run is given another's values."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.report.conftest import SOME, write_run

from withstand.base.errors import UserError
from withstand.results.conditions import CLEAN
from withstand.results.kept import FILE
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


def test_a_damaged_cell_is_the_same_line_however_often_it_is_asked_for(tmp_path):
    run = load_run(write_run(tmp_path, "small_cnn", conditions=FEW, sheet=False))
    file = run.folder / "predictions" / run.files[FEW[3]][0]
    whole = file.read_bytes()
    file.write_bytes(whole[:200])
    for ask in (run.frame, lambda: run.answers(FEW[3]), lambda: run.scores) * 3:
        with pytest.raises(UserError, match="cannot read the predictions"):
            ask()
    file.write_bytes(whole)
    assert len(run.frame()) == len(FEW) and run.scores.values("top1").shape[1] == len(FEW)


def test_threads_may_ask_one_run_at_once(tmp_path):
    folder = write_run(tmp_path, "small_cnn", conditions=FEW, sheet=False)
    expected = load_run(folder).rows()
    asked = [lambda run: run.rows(), *(lambda run, one=one: run.answers(one) for one in FEW)]
    for kept in (False, True):
        for _ in range(10):
            (folder / FILE).unlink(missing_ok=not kept)
            run, begin = load_run(folder), threading.Barrier(6)
            if kept:
                load_run(folder).work_out()

            def ask(number, run=run, begin=begin):
                begin.wait()
                return asked[number % len(asked)](run)

            with ThreadPoolExecutor(6) as pool:
                found = list(pool.map(ask, range(6)))
            assert found[0] == found[5] == expected


def test_of_a_sample_that_has_none_of_the_images_nothing_is_seen(tmp_path):
    run = load_run(write_run(tmp_path, "small_cnn", conditions=FEW, sheet=False, sample=5))
    seen = run.predictions(FEW[2]).ids
    others = np.setdiff1d(run.predictions(CLEAN).ids, seen)
    for name in (one for one in METRICS.ours if METRICS[one].asked_of("corruption")):
        for ids in (others, np.array([10**6])):
            assert np.isnan(run.on(ids).scores.values(name)[:, 2]).all(), name
