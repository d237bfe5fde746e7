"""Training: the study's first table beside the published one, and the curves."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from withstand.report import curves, published
from withstand.report.section import Context, Drawing, Picture, Section
from withstand.report.table import MODEL, Column, Row, Table, Value
from withstand.results.conditions import CLEAN
from withstand.results.metrics import METRICS
from withstand.results.run import Run
from withstand.statistics import Estimate, clopper_pearson, mean_over_conditions

PLACE = 70

_LEAD = (
    "The weights are those of the epoch with the highest validation top-1."
    " The epoch was selected by that number, so test top-1 is the fairer estimate."
)

_GAP_NOTES = (
    "Training top-1 is the running mean over the epoch, while the weights still change, on images that are cropped and"
    " flipped where set; it may lie below validation top-1. A growing gap may be overfitting; with few validation"
    " images, it may be chance.",
)


def section(context: Context) -> Section | None:
    pictures = [
        Picture(
            f"curves-{name}",
            f"{name}: loss and top-1 by epoch; training dashed, validation solid, the best epoch marked.",
            Drawing.of(curves.draw, run.epochs, name, context.looks[name]),
            captioned=False,
            model=name,
        )
        for name, run in context.runs.items()
        if run.trained_here
    ]
    tables = [table(context.runs)]
    if pictures:
        tables.append(gaps(context.runs))
    return Section("training", "Training", _LEAD, pictures, tables=tables)


def table(runs: Mapping[str, Run]) -> Table:
    """The study's first table: training, and the test on clean images."""
    rows = []
    for name, run in runs.items():
        summary = run.summary
        values: dict[str, Value] = {
            "model": name,
            "val_top1": _share(summary.get("val_top1"), summary.get("n_val")),
            **{key: summary.get(key) for key in ("best_epoch", "epochs", "n_train", "n_val")},
            **_test(run),
        }
        rows += published.with_published(run, Row(values))
    columns = [
        MODEL,
        Column("val_top1", "validation top-1", ".2f"),
        Column("best_epoch", "best epoch", "d"),
        Column("epochs", "of epochs", "d"),
        Column("test_loss", "test loss", ".4f"),
        Column("test_top1", "test top-1", ".2f"),
        Column("test_top5", "test top-5", ".2f"),
        Column("n_train", "n train", ",d"),
        Column("n_val", "n validation", ",d"),
        Column("images", "n test", ",d"),
    ]
    notes = published.why_ours_differ(runs, rows)
    return Table("training", "Training, and the test on clean images", columns, rows, notes)


def gaps(runs: Mapping[str, Run]) -> Table:
    """The overfitting gap: training minus validation top-1, at the best epoch and at the last."""
    rows = []
    for name, run in runs.items():
        epochs, n = run.epochs, run.summary.get("n_val")
        if not {"train_top1", "val_top1"} <= epochs.keys() or np.isnan(epochs["val_top1"]).all():
            continue
        values: dict[str, Value] = {"model": name, "n_val": n}
        for when, place in (("best", int(np.nanargmax(epochs["val_top1"]))), ("last", -1)):
            train, val = (float(epochs[key][place]) for key in ("train_top1", "val_top1"))
            values |= {f"{when}_epoch": int(epochs["epoch"][place]), f"{when}_gap": _gap(train, val, n)}
            values |= {f"{when}_train": _number(train), f"{when}_val": _number(val)}
        rows.append(Row(values))
    columns = [MODEL]
    for when in ("best", "last"):
        said = f"at the {when} epoch"
        columns += [
            Column(f"{when}_epoch", "epoch", "d", said),
            Column(f"{when}_train", "training top-1", ".1f", said),
            Column(f"{when}_val", "validation top-1", ".1f", said),
            Column(f"{when}_gap", "gap, points", "+.1f", said),
        ]
    columns.append(Column("n_val", "n validation", ",d"))
    return Table("gaps", "The overfitting gap", columns, rows, _GAP_NOTES)


def _gap(training: float, validation: float, n: int | None) -> Value:
    """Training minus validation, with the interval that the validation images leave it."""
    share = _share(validation, n)
    if math.isnan(training) or not isinstance(share, Estimate):
        return _number(training - validation)
    return Estimate(training - validation, training - share.high, training - share.low, share.n)


def _test(run: Run) -> dict[str, Value]:
    """The test on clean images: from the predictions, or as the summary has it where they are gone."""
    if CLEAN not in run.files:
        test = run.summary.get("test") or {}
        n = test.get("n")
        shares = {f"test_{key}": _share(test.get(key), n) for key in ("top1", "top5")}
        return {"test_loss": test.get("loss"), **shares, "images": n}
    scores = run.under([CLEAN]).scores  # of all clean images, whichever of them other shifts show
    n = len(scores.ids)
    right = {key: int(scores.of(key, [CLEAN]).sum()) for key in ("top1", "top5")}
    return {
        "test_loss": mean_over_conditions(scores.of("nll", [CLEAN]), METRICS["nll"].bounds),
        **{f"test_{key}": clopper_pearson(count, n).times(100) for key, count in right.items()},
        "images": n,
    }


def _share(percent: float | None, n: int | None) -> Value:
    """A percentage with the interval that ``n`` images give it."""
    known = None if percent is None else _number(percent)
    return clopper_pearson(round(known / 100 * n), n).times(100) if known is not None and n else known


def _number(value: float) -> float | None:
    """None where the history says nothing."""
    return None if math.isnan(value) else value
