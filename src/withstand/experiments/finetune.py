"""Experiment 3: fine-tune a trained classifier on corrupted images; the same images are tested before and after."""

from __future__ import annotations

from withstand.analysis.changes import Change, changes
from withstand.base.console import console
from withstand.config.schema import Config
from withstand.evaluation.cells import Elsewhere
from withstand.report import terminal
from withstand.results.folder import RunFolder
from withstand.results.stages import before_and_after
from withstand.session import several, usage
from withstand.session.alone import alone
from withstand.session.fitting import start_tracker
from withstand.session.setup import Setup
from withstand.session.tuning import Work

USES = ("model", "tracker", "shift", "finetune", *several.SWEEPS, *usage.TRAINING, *usage.ENGINE)


def run(config: Config, overrides: list[str]) -> int:
    return several.each(config, overrides, finetune_one)


@alone
def finetune_one(config: Config, overrides: list[str]) -> None:
    """One classifier, before and after."""
    usage.refuse_freezing(config)
    whole = Setup.of(config, overrides)
    work = Work.of(whole)
    classifier = whole.trained()
    work.announce()
    tracker = start_tracker(config, f"finetune-{work.setup.folder.path.name}")
    start = classifier.digest()
    predictor = whole.predictor(classifier, work.images_to_plan_for(whole))
    known = [Elsewhere(whole.folder.store, whole.dataset.test.digest)]
    before = work.cells(classifier, predictor, known)
    spent = before.fill("before")
    work.train(classifier, start, tracker)
    after = work.cells(classifier, whole.planned_as(predictor).predictor(classifier))
    spent += after.fill("after")
    work.record(classifier, predictor, start, before, after, spent)
    tracker.finish(_results(whole, Change(*before_and_after(work.setup.folder.path))))


def _results(whole: Setup, tuned: Change) -> dict[str, float]:
    """Write the study's table and say what came of it; gives the final figures."""
    rows = tuned.rows()
    for folder in (tuned.after.folder, *([whole.folder.path] if tuned.name == "grouped" else [])):
        RunFolder(folder).write_csv("finetune_results.csv", tuple(rows[0]), rows)
    console.print(terminal.changes(changes(whole.folder.path)))
    return {
        f"{when}/{group}_top1": 100 * getattr(tuned.gain(group), when).value
        for when in ("before", "after")
        for group in ("clean", "corrupted")
    }
