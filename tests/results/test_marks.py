"""Marks are what the cells say, whatever became of the file that they are kept in."""

from __future__ import annotations

import os

import numpy as np
import pytest
from tests.report.conftest import SOME, write_run

from withstand.results import marks
from withstand.results.conditions import CLEAN, Condition
from withstand.results.marks import FILE, Marks
from withstand.results.reading import load_run
from withstand.results.store import Predictions, Store

FOG = Condition("corruption", "fog", 3)


@pytest.fixture
def run(tmp_path):
    return load_run(write_run(tmp_path, "small_cnn", conditions=SOME))


def test_they_are_what_the_metrics_give_of_the_cells(run):
    found = Marks.of(run)
    for metric in marks.COUNTED:
        for condition in (CLEAN, FOG):
            column = run.under([condition]).scores.values(metric)[:, 0]
            assert np.array_equal(found.right(condition, metric), column)
        total = sum(run.under([one]).scores.values(metric)[:, 0] for one in SOME)
        assert np.array_equal(found.counts(SOME, metric), total)
    assert np.array_equal(found.ids(FOG), run.scores.ids) and np.array_equal(
        found.labels(FOG), run.scores.labels
    )


def test_they_are_read_from_their_file_and_no_cell_is(run, monkeypatch):
    first = Marks.of(run).counts(SOME)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "read", lambda *_: pytest.fail("a cell was read"))
        assert np.array_equal(Marks.of(load_run(run.folder)).counts(SOME), first)


@pytest.mark.parametrize("damage", [b"", b"\x00", b"no marks at all", None])
def test_a_damaged_file_or_none_changes_nothing(run, damage):
    first, place = Marks.of(run).counts(SOME), run.folder / FILE
    if damage is None:
        place.unlink()
    elif damage == b"\x00":
        content = bytearray(place.read_bytes())
        content[len(content) // 2] ^= 1
        place.write_bytes(bytes(content))
    else:
        place.write_bytes(damage)
    assert np.array_equal(Marks.of(run).counts(SOME), first)
    assert len(place.read_bytes()) > 1000, "made again"


def test_another_cell_makes_them_anew(run):
    before = Marks.of(run).right(FOG)
    store, file = Store(run.folder / "predictions"), run.files[FOG][0]
    path = store.root / file
    content, stat = path.read_bytes(), path.stat()
    read = run.predictions(FOG)
    wrong = Predictions(read.ids, read.labels, np.roll(np.eye(10, dtype=np.float32)[read.labels], 1, axis=1))
    _rewrite(store, file, wrong)
    os.utime(
        path, ns=(stat.st_atime_ns, stat.st_mtime_ns)
    )  # in the same instant: it is another file all the same
    assert Marks.of(run).right(FOG).sum() == 0 < before.sum()
    path.write_bytes(content)
    assert np.array_equal(Marks.of(run).right(FOG), before)


def _rewrite(store, file, predictions):
    class Same:
        condition, facts = FOG, {key: value for key, value in store.facts(file).items() if key != "condition"}

    cell = Same()
    cell.file = file
    store.write(cell, predictions)


def test_where_nothing_may_be_written_they_are_made_all_the_same(run, monkeypatch):
    from withstand.base.errors import UserError

    def full(*_):
        raise UserError("the disk is full")

    monkeypatch.setattr(marks.atomic, "write_bytes", full)
    assert Marks.of(run).counts(SOME).sum() > 0 and not (run.folder / FILE).exists()
