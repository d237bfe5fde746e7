"""What was written of a training by others, or is not all there: what there is of it is shown."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from tests.report.conftest import SOME, write_run

from withstand.report.exports import Exported
from withstand.report.page import write
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_run, load_runs
from withstand.results.store import Cell, Store

HEADER = "epoch,train_loss,train_top1,train_top5,val_loss,val_top1,val_top5,learning_rate,seconds\n"


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (HEADER + "1,2,30,90,2,40,90,.1,1\n2,2,31,90,2,,90,.1,1\n", "m,1,30,40,"),
        ("epoch,train_loss,train_top1,val_top1\n1,2,30,40\n", "m,1,30,40,"),
        (HEADER + "1,nan,30,90,nan,40,90,.1,1\n2,2,31,90,inf,10,90,.1,1\n", "m,1,30,40,"),
        (HEADER + "1,2,,90,2,40,90,.1,1\n", "m,1,,40,"),
        (HEADER + "1,2,30,90,2,,90,.1,1\n", None),
        ("epoch\n1\n2\n", None),
    ],
    ids=[
        "last validation empty",
        "no loss",
        "losses are no numbers",
        "no training",
        "no validation",
        "epochs alone",
    ],
)
def test_a_history_with_gaps_is_shown_as_far_as_it_goes(
    tmp_path: Path, content: str, row: str | None
) -> None:
    folder = write_run(tmp_path, "m", conditions=SOME[:4], sheet=False)
    (folder / "history.csv").write_text(content)
    page = write(load_runs(tmp_path), tmp_path / "out")
    assert not re.search(r"\b(nan|inf)\b", page.with_suffix(".md").read_text(), re.IGNORECASE)
    gaps = tmp_path / "out" / "tables" / "gaps.csv"
    said = gaps.read_text()
    assert "nan" not in said and (said.count("\n") == 1 if row is None else row in said)


def test_clean_is_all_clean_images_whatever_an_own_shift_shows_of_them(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "m", conditions=SOME[:2], sheet=False)
    store, dust = Store(folder / "predictions"), Condition("dust", "dust")
    whole, cell = load_run(folder).predictions(CLEAN), Cell(dust, {"weights": "m"})
    right = np.flatnonzero(whole.logits.argmax(1) == whole.labels)[:20]
    store.write(cell, whole.take(right))
    summary = json.loads((folder / "summary.json").read_text())
    summary["cells"].append({**vars(dust), "file": cell.file})
    (folder / "summary.json").write_text(json.dumps(summary))
    run, share = load_run(folder), float((whole.logits.argmax(1) == whole.labels).mean())
    exported = Exported("m", run)
    assert exported.share("clean", "top1").value == pytest.approx(share) and share < 0.99
    assert exported.share("clean", "top1").n == len(whole.ids)
    assert {*exported.parts()} == {"clean", "corruption", "dust"}
    page = write([run], tmp_path / "out")
    with (page.parent / "tables" / "training.csv").open() as file:
        row = next(csv.DictReader(file))
    assert float(row["test_top1"]) == pytest.approx(100 * share) and row["images"] == str(len(whole.ids))
    alone = Exported("m", run.under([CLEAN, dust]))
    assert {*alone.parts()} == {"clean", "dust"}
