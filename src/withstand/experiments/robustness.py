"""Experiment 2: a classifier under every condition of a shift: by default, every corruption and severity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from withstand.analysis import outsiders
from withstand.analysis.comparison import compare
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.schema import Config, Paths
from withstand.evaluation.evaluate import About, evaluate
from withstand.evaluation.sampling import drawn
from withstand.models import Classifier
from withstand.report import terminal
from withstand.report.page import command
from withstand.results import metrics, thumbnails
from withstand.results.conditions import ASIDE, CLEAN, Condition
from withstand.results.run import Run
from withstand.session import several, shifted, usage
from withstand.session.alone import alone
from withstand.session.evaluated import to_evaluate
from withstand.session.fitting import start_tracker
from withstand.session.setup import Setup
from withstand.session.tested import TABLE
from withstand.shifts import Shift, extras
from withstand.trackers import Tracker

COLUMNS = ("model", "corruption", "severity", "top1_acc", "top5_acc")

USES = ("model", "evaluation", "tracker", *shifted.USES, *several.SWEEPS, *usage.CLASSES)


def run(config: Config, overrides: list[str]) -> int:
    return several.each(config, overrides, evaluate_one)


@alone
def evaluate_one(config: Config, overrides: list[str]) -> None:
    """One classifier, trained here or as it is."""
    setup, classifier = to_evaluate(config, overrides)
    shifts = shifted.loaded(config, overrides, setup.dataset)
    tracker = start_tracker(config)
    tracker.finish(evaluate_shifts(setup, classifier, shifts, tracker))


def evaluate_shifts(
    setup: Setup, classifier: Classifier, shifts: Sequence[Shift], tracker: Tracker
) -> dict[str, float]:
    """Predict every condition that the store does not hold, then write a table each; gives the first's figures."""
    config, folder, test = setup.config, setup.folder, setup.dataset.test
    many = sum(len(shift.images(one)) for shift in shifts for one in shift.conditions())
    predictor = setup.predictor(classifier, total=len(test) + many)
    about = About(
        config.run_name,
        setup.summary,
        setup.record(classifier, predictor.precision) | {"engine": predictor.facts()},
    )
    done = evaluate(
        classifier,
        test,
        shifts,
        folder,
        predictor=predictor,
        about=about,
        precision=config.evaluation.precision,
    )
    asked = [shift for shift in shifts if extras(shift).about.get("kind") not in ASIDE]
    means = {shift.name: _tell(setup, done, shift) for shift in asked}
    _sum(setup, done)
    first = next(iter(means.values()), {})
    tracker.log(config.train.epochs, {f"corrupted/{key}": value for key, value in first.items()})
    return first


def _sum(setup: Setup, done: Run) -> None:
    """What came of it, with intervals, and what makes its page."""
    for shift in (one for one in done.shifts if one not in (CLEAN.shift, "background")):
        if done.about(shift).get("kind") == "groups":
            continue
        together = compare(done, shift=shift)
        if together.conditions and together.names:
            say(f"  {terminal.in_one_line(together, shift)}")
    for found in outsiders.all_of([done]):
        say(f"  {terminal.of_outsiders(found)}")
    where = [
        f"paths.{item.name}={value}"
        for item in fields(Paths)
        if (value := getattr(setup.config.paths, item.name)) != item.default and item.name != "data"
    ]
    say(f"  its page, with the other runs': {command(done, *where)}")


def _tell(setup: Setup, done: Run, shift: Shift) -> dict[str, float]:
    """A shift's table in the run's folder and its means on the screen."""
    _leave_thumbnails(setup, shift)
    rows = [_row(setup, done, condition) for condition in shift.conditions()]
    table = TABLE if shift.name == "corruption" else f"{shift.name}_results.csv"
    setup.folder.write_csv(table, COLUMNS + (("images",) if done.sampled else ()), rows)
    means = {f"mean_{m}": float(np.mean([row[f"{m}_acc"] for row in rows])) for m in ("top1", "top5")}
    called = shift.name.replace("_", " ")
    of = "shifted conditions" if shift.name == "corruption" else f"conditions of {called}"
    what = f"mean over {len(rows)} {of}" if len(rows) > 1 else f"under {called}"
    say(
        f"  {what}: top-1 {means['mean_top1']:.2f}%, top-5 {means['mean_top5']:.2f}%"
        + (f" ({done.sampled})" if done.sampled else "")
    )
    return means


def _leave_thumbnails(setup: Setup, shift: Shift) -> None:
    if extras(shift).about:
        return  # the sheet shows what is lost under corruption; such a shift has images of other kinds
    path, test = setup.folder.path / thumbnails.FILE, setup.dataset.test
    conditions, rows = thumbnails.shown(shift.conditions()), thumbnails.choose(test.ids)
    try:
        there = thumbnails.load(path)
    except UserError:  # damaged: it is made again
        there = None
    if conditions and (there is None or not there.shows(test.ids[rows], conditions)):
        made = thumbnails.make(test.take(rows), conditions, lambda c: shift.images(c).take(rows).images())
        thumbnails.save(made, path)


def _row(setup: Setup, done: Run, condition: Condition) -> dict[str, Any]:
    predictions = done.predictions(condition)
    if (
        done.sampled
    ):  # every condition counts with equally many, even if an earlier evaluation saw more of some
        seen = drawn(condition, setup.dataset.test.ids, done.sampled)
        predictions = predictions.take(np.flatnonzero(np.isin(predictions.ids, seen)))
    row = {
        "model": setup.config.model.cfg_name,
        "corruption": condition.variant,
        "severity": condition.severity,
        "top1_acc": round(100 * metrics.top1(predictions), 6),
        "top5_acc": round(100 * metrics.top5(predictions), 6),
    }
    return row | {"images": len(predictions)} if done.sampled else row
