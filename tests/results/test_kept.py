"""What is kept of a run's cells is what would be made of them anew, whatever became of file, cells or code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.report.conftest import SOME, write_run

from withstand.analysis.comparison import compare
from withstand.base.errors import UserError
from withstand.results import columns, kept
from withstand.results.columns import ANSWERS
from withstand.results.kept import FILE
from withstand.results.metrics import METRICS, Metric
from withstand.results.reading import load_run
from withstand.results.store import Predictions, Store

FEW = SOME[:4]
SHOWN = [name for name in METRICS.ours if METRICS.ours[name].asked_of("corruption")]


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path, "small_cnn", conditions=FEW, sheet=False)


@pytest.fixture
def reads(monkeypatch):
    """The files that were read."""
    found = []
    whole = Store.read
    monkeypatch.setattr(Store, "read", lambda store, cell: found.append(cell) or whole(store, cell))
    return found


def anew(run, name, condition):
    read = run.predictions(condition)
    made = ANSWERS[name](read) if name in ANSWERS else METRICS[name].per_image(read)
    return np.asarray(made, made.dtype if name in ANSWERS else np.float32)


def assert_as_made_anew(run, names=(*SHOWN, *ANSWERS)):
    for name in names:
        for condition in FEW:
            values = run.columns.values(condition, name, run.predictions)
            assert np.array_equal(values, anew(run, name, condition)), (name, condition)
    assert np.array_equal(run.columns.rows(FEW[1], run.predictions)[0], run.predictions(FEW[1]).ids)


def test_every_metric_and_answer_is_what_the_cell_gives_and_no_cell_is_read(folder, reads):
    load_run(folder).work_out()
    assert len(reads) == len(FEW)
    run = load_run(folder)
    values = {name: run.columns.values(FEW[2], name, run.predictions) for name in (*SHOWN, *ANSWERS)}
    run.frame()
    assert run.scores.broken == {} and len(reads) == len(FEW)
    assert all(np.array_equal(found, anew(run, name, FEW[2])) for name, found in values.items())


def test_broken_answers_are_counted_as_before(tmp_path):
    folder = write_run(tmp_path, "broken", conditions=FEW, sheet=False)
    run = load_run(folder)
    read, store = run.predictions(FEW[1]), Store(folder / "predictions")
    logits = read.logits.copy()
    logits[:3] = np.nan
    rewrite(store, run.files[FEW[1]][0], FEW[1], replace(read, logits=logits))
    first, again = (load_run(folder).scores for _ in range(2))
    assert first.broken == again.broken == {FEW[1]: 3}
    assert np.array_equal(first.values("nll"), again.values("nll"))


def rewrite(store, file, condition, predictions, **other):
    """Another cell under the name of one."""
    facts = {key: value for key, value in (store.facts(file) | other).items() if key != "condition"}

    class Same:
        pass

    cell = Same()
    cell.condition, cell.facts, cell.file = condition, facts, file
    store.write(cell, predictions)


def test_a_metric_of_a_plug_in_is_kept_as_long_as_its_code_is_the_same(folder, reads, monkeypatch, tmp_path):
    code = tmp_path / "sureness.py"
    code.write_text(
        "from withstand.results.metrics import Metric, confidence\nMETRIC = Metric(confidence, 'Sureness')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        "withstand.base.plugins.offered", lambda kind: ["sureness"] if kind == "metrics" else []
    )
    import sureness

    monkeypatch.setattr("withstand.base.plugins.load", lambda kind, name: sureness)
    METRICS["sureness"] = sureness.METRIC
    try:
        load_run(folder).work_out(["sureness"])
        assert len(reads) == len(FEW)
        assert_as_made_anew(load_run(folder), ["sureness"])
        reads.clear()
        load_run(folder).work_out(["sureness"])
        assert reads == []
        code.write_text(code.read_text() + "# other code\n")
        columns.maker.__globals__["code"].digest.cache_clear()
        load_run(folder).work_out(["sureness"])
        assert len(reads) == len(FEW), "made by what it was before"
    finally:
        del METRICS["sureness"]


def test_a_metric_of_which_no_code_is_known_is_not_kept(folder, reads):
    METRICS["spread"] = Metric(lambda read: read.logits.std(axis=1), "Spread")
    try:
        for _ in range(2):
            assert_as_made_anew(load_run(folder), ["spread"])
    finally:
        del METRICS["spread"]
    load_run(folder).work_out()
    reads.clear()
    load_run(folder).work_out()
    assert reads == []


@pytest.mark.parametrize("at", [0, 3, 5, 11, 40, 200, -5, 0.3, 0.5, 0.7, "cut", "empty", "other", "folder"])
def test_a_damaged_file_changes_nothing_and_is_made_again(folder, at, tmp_path):
    load_run(folder).work_out()
    place = folder / FILE
    whole = content = place.read_bytes()
    if isinstance(at, str):
        content = {"cut": content[: len(content) // 2], "empty": b"", "other": b"no values", "folder": b""}[
            at
        ]
    else:
        place_of = int(at * len(content)) if isinstance(at, float) else at
        changed = bytearray(content)
        changed[place_of] ^= 0x41
        content = bytes(changed)
    place.unlink()
    if at == "folder":
        place.mkdir()
    else:
        place.write_bytes(content)
    assert_as_made_anew(load_run(folder))
    load_run(folder).work_out()
    if at != "folder":
        assert_as_made_anew(load_run(folder))
        assert len(place.read_bytes()) >= len(whole) - 64, "not made again"


def test_another_cell_of_the_same_name_is_made_anew_even_in_the_same_instant(folder):
    load_run(folder).work_out()
    run, store = load_run(folder), Store(folder / "predictions")
    path = store.root / run.files[FEW[1]][0]
    stat, read = path.stat(), run.predictions(FEW[1])
    others = Predictions(read.ids, read.labels, read.logits[:, ::-1].copy())
    rewrite(store, path.name, FEW[1], others)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert_as_made_anew(load_run(folder))
    load_run(folder).work_out()
    assert len((folder / FILE).read_bytes()) < 1.5 * 64 * 4 * 400, "what nobody can ask for is left out"


def test_what_images_depend_on_is_kept_as_long_as_the_cell_is_the_same(tmp_path, monkeypatch):
    folder = write_run(tmp_path, "small_cnn", conditions=FEW, sheet=False, shift={"seed": 1})
    run, store = load_run(folder), Store(folder / "predictions")
    said = {one: run.shown(one) for one in FEW}
    assert all("images" in one for one in said.values())
    run.work_out()
    facts, asked = Store.facts, []
    monkeypatch.setattr(Store, "facts", lambda store, file: asked.append(file) or facts(store, file))
    assert {one: load_run(folder).shown(one) for one in FEW} == said and not asked
    file = run.files[FEW[1]][0]
    rewrite(store, file, FEW[1], run.predictions(FEW[1]), images="others")
    asked.clear()
    found = {one: load_run(folder).shown(one) for one in FEW}
    assert found == said | {FEW[1]: said[FEW[1]] | {"images": "others"}} and asked == [file]


def test_ids_that_are_damaged_are_read_again(folder):
    expected = load_run(folder).rows()
    whole = (folder / FILE).read_bytes()
    file = kept.Reading(folder / FILE)
    for array in file._images[0]:  # ids, labels
        at = file._start + array.start
        (folder / FILE).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        for ask in ("rows", "work_out", "rows"):
            run = load_run(folder)
            assert getattr(run, ask)() in (None, expected)
            assert run.answers(FEW[1])[0].tolist() == run.predictions(FEW[1]).ids.tolist()


def test_what_a_foreign_record_says_of_its_images_may_be_any_json(tmp_path):
    odd = {"seed": 2**70, "deep": [[[None, 1e300, "\ud800"]]]}
    folder = write_run(tmp_path, "small_cnn", conditions=FEW, sheet=False, shift=odd)
    for _ in range(2):
        run = load_run(folder)
        run.work_out()
        assert run.shown(FEW[1])["shift"] == odd
    assert (folder / FILE).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_in_its_place_is_not_waited_for(folder):
    os.mkfifo(folder / FILE)
    assert len(load_run(folder).rows()) == len(FEW)


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8")
def test_a_folder_whose_name_is_no_utf_8(tmp_path, reads):
    folder = write_run(tmp_path / os.fsdecode(b"\xff"), "small_cnn", conditions=FEW, sheet=False)
    load_run(folder).work_out()
    reads.clear()
    assert compare([load_run(folder)]).conditions == tuple(sorted(set(FEW) - {FEW[0]})) and not reads


def test_another_run_s_file_is_no_use(folder, tmp_path):
    other = write_run(tmp_path / "other", "able", conditions=FEW, skill=9.0, sheet=False)
    load_run(other).work_out()
    shutil.copyfile(other / FILE, folder / FILE)
    assert_as_made_anew(load_run(folder))


def test_what_was_added_stands_beside_what_was_there(folder, reads):
    load_run(folder).under(FEW[:2]).work_out(["nll"])
    load_run(folder).under(FEW[1:]).work_out(["top1"])
    load_run(folder).work_out(["nll"])
    assert sorted(map(reads.count, set(reads))) == [1, 1, 2, 2], "two were first asked for top-1 alone"
    reads.clear()
    load_run(folder).work_out()
    assert reads == []


def test_some_of_the_images_have_values_of_their_own(folder):
    load_run(folder).work_out()
    run = load_run(folder)
    some = run.on(run.scores.ids[:30])
    alone = METRICS["ece"].per_image(some.predictions(FEW[2]))
    assert np.array_equal(some.scores.values("ece")[:, 2], np.asarray(alone, np.float32))
    among = replace(run, among_all=True)
    assert np.array_equal(among.scores.values("nll"), run.scores.values("nll"))


def test_where_nothing_may_be_written_it_is_made_each_time(folder, monkeypatch, reads):
    def full(*_):
        raise UserError("the disk is full")

    monkeypatch.setattr(kept.atomic, "replacing", full)
    for _ in range(2):
        load_run(folder).frame()
    assert len(reads) == 2 * len(FEW) and not (folder / FILE).exists()
    assert_as_made_anew(load_run(folder))


def test_a_damaged_cell_is_named_and_nothing_is_kept(folder):
    run = load_run(folder)
    (folder / "predictions" / run.files[FEW[3]][0]).write_bytes(b"PAR1")
    with pytest.raises(UserError, match="cannot read the predictions"):
        run.work_out()
    assert not (folder / FILE).exists()


KILLED = """
import os, sys
from withstand.results import kept_file
from withstand.results.reading import load_run
whole = kept_file.Writing.content
def content(self):
    parts = whole(self)
    yield next(parts)
    yield next(parts)
    os.kill(os.getpid(), 9)
kept_file.Writing.content = content
load_run(sys.argv[1]).work_out()
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_a_kill_in_the_middle_leaves_nothing_half(folder):
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], env=os.environ | {"PYTHONPATH": "src"})
    assert done.returncode == -9 and not (folder / FILE).exists()
    load_run(folder).work_out()
    assert_as_made_anew(load_run(folder))
    assert not list(folder.glob("*.part")) and not list(folder.glob(".*.part"))
