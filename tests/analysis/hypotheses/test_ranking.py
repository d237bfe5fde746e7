"""Who is weakest is decided on other images than those whose gain is measured, where there are others."""

import json

import numpy as np
import pytest
from tests.report.sections.test_finetune import CONDITIONS, write

from withstand.analysis.hypotheses.claim import Measure
from withstand.analysis.hypotheses.subjects import subjects
from withstand.results.reading import load_runs
from withstand.results.store import Cell, Predictions, Store

TESTED, OTHERS = np.arange(50), np.arange(50, 150)
MEASURE = Measure("finetuning", "top1", "corrupted", None)


def leave(root, model, tested, others, start="a"):
    """A run and its fine-tuning; how many of the images of both kinds are right before."""
    write(root, "grouped", TESTED, [tested > TESTED] * 3, [TESTED < 45] * 3, trained=[["fog", 1]], start="a")
    (root / "m_shapes").rename(root / f"{model}_shapes")
    folder = root / f"{model}_shapes"
    ids, right = np.r_[TESTED, OTHERS], np.r_[tested > TESTED, others > OTHERS - 50]
    store, cells = Store(folder / "predictions"), []
    for condition in CONDITIONS:
        logits = np.zeros((150, 10), np.float32)
        logits[np.arange(150), np.where(right, 3, 4)] = 1
        cell = Cell(condition, {"weights": model})
        store.write(cell, Predictions(ids, np.full(150, 3), logits))
        cells.append({**vars(condition), "file": cell.file})
    (folder / "summary.json").write_text(json.dumps({"model": model, "dataset": "shapes", "cells": cells}))
    (folder / "provenance.json").write_text(json.dumps({"weights_digest": start}))


@pytest.mark.parametrize(("start", "weakest"), [("a", "really"), ("b", "chance")])
def test_the_weakest_by_chance_is_not_the_weakest(tmp_path, start, weakest):
    """Weights that the record does not know as the same say nothing of the model before: the tested images must do."""
    leave(tmp_path, "chance", tested=20, others=80, start=start)
    leave(tmp_path, "really", tested=30, others=40, start=start)
    found = {one.name.split(" ")[0]: one.facts["rank"] for one in subjects(load_runs(tmp_path), MEASURE)}
    assert found == {name: "weakest" if name == weakest else "stronger" for name in ("chance", "really")}
