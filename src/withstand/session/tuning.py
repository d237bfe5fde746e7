"""A fine-tuning: its plan, its training in a folder of its own, and what is written down of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from withstand.base.console import say
from withstand.base.crew import crew
from withstand.base.errors import UserError
from withstand.engines.predictor import Predictor
from withstand.evaluation.cells import Cells, Elsewhere, Spent
from withstand.models import Classifier
from withstand.report import curves
from withstand.results import history
from withstand.results.folder import RunFolder, training_settings
from withstand.results.stages import FINETUNE
from withstand.session.fitting import fit
from withstand.session.setup import Setup
from withstand.shifts.corruption import from_config as shift_of
from withstand.shifts.corruption.shift import NAME, Corruption
from withstand.shifts.corruption.sources import Made
from withstand.trackers import Tracker
from withstand.training import protocols
from withstand.training.mix import Mix, image_set
from withstand.training.progress import Progress
from withstand.training.protocols import TuningPlan


@dataclass(frozen=True)
class Work:
    """What is to be done: the plan, in a folder of its own, under conditions that are checked.

    Attributes:
        setup: its test images are the plan's, its folder is this fine-tuning's.
        shift: over all the test images.
        mix: what training shows.
        val: pairs to validate with.
    """

    setup: Setup
    shift: Corruption
    plan: TuningPlan
    mix: Mix
    val: protocols.Pairs

    @classmethod
    def of(cls, whole: Setup) -> Work:
        """Raises UserError where the plan cannot be carried out."""
        config, settings = whole.config, whole.config.finetune
        if config.shift.name != NAME:
            raise UserError(f"experiment=finetune trains on corruptions, not under shift={config.shift.name}")
        shift = shift_of(config.shift, whole.dataset)
        share, every = config.train.validation, shift.conditions()
        plan = protocols.plan(settings, whole.dataset, every, every, validation=share, seed=config.image_seed)
        fresh, pool = plan.pool is not whole.dataset.test, plan.pool
        mix = Mix(
            origin=Made.of(config.shift, pool) if fresh else shift.origin,
            pool=pool,
            conditions=plan.trained,
            pairs=plan.train,
            per_epoch=settings.images_per_epoch,
            seed=config.seed,
            device=whole.device,
            fresh=fresh,
        )
        # As large a part of what is shown as validation is of the plan.
        val = protocols.some(plan.val, max(1, round(len(mix) * share / (1 - share))), [config.seed, 2])
        folder = RunFolder(config.run_folder / FINETUNE / protocols.name(settings))
        setup = replace(whole, folder=folder, dataset=replace(whole.dataset, test=plan.test))
        return cls(setup, shift, plan, mix, val)

    def announce(self) -> None:
        """How much there is to do, and how honest the test will be."""
        plan, folder = self.plan, self.setup.folder.path.name
        leak = plan.leak(plan.train, plan.val)
        say(
            f"{self.setup.config.run_name}, fine-tuning, {folder}: {len(plan.ids(plan.train)):,} source images under"
            f" {len(plan.trained)} conditions to train on, {len(plan.test):,} under {len(plan.tested)} to test before"
            f" and after; corruptions: {self.shift.source}"
        )
        if leak.images:
            say(
                f"  this protocol leaks: {100 * leak.rows:.0f}% of the test's rows and {100 * leak.images:.0f}% of its"
                " source images are in training or validation"
            )

    def images_to_plan_for(self, whole: Setup) -> int:
        """How many images to choose an engine for.

        Where experiment 2 was done, as many as it had: the same engine is chosen, and what it predicted is taken over.
        """
        conditions = 1 + len(self.shift.conditions())
        if len(whole.folder.summary().get("cells", ())) > 1:  # more than experiment 1's one
            return conditions * len(whole.dataset.test)
        return 2 * conditions * len(self.plan.test)

    def cells(
        self, classifier: Classifier, predictor: Predictor, elsewhere: Sequence[Elsewhere] = ()
    ) -> Cells:
        """The images that are tested, clean and under every condition."""
        test, store = self.setup.dataset.test, self.setup.folder.store
        return Cells.of(classifier, predictor, test, [self.shift.over(test)], store, elsewhere)

    def train(self, classifier: Classifier, start: str, tracker: Tracker) -> None:
        """Fine-tune in the folder, or resume there; ``classifier`` ends with the weights of the best epoch."""
        plan, mix = self.plan, self.mix
        work = f"  fine-tuning on {len(mix):,} images an epoch, {len(self.val):,} to validate"
        depends = {
            "start": start,
            "finetune": {k: v for k, v in asdict(self.setup.config.finetune).items() if k != "name"},
            "conditions": [str(condition) for condition in plan.trained],
            "corruptions": mix.origin.facts(),
            "pool": plan.pool.digest,
        }
        val_set = image_set(mix.origin, plan.pool, plan.trained, self.val)
        fit(self.setup, classifier, mix, val_set, tracker, work, depends)

    def facts(self, start: str) -> dict[str, Any]:
        """What ``summary.json`` says of the fine-tuning."""
        plan, config = self.plan, self.setup.config
        shown = [self.mix.order(epoch) for epoch in range(1, config.train.epochs + 1)]
        return {
            "name": self.setup.folder.path.name,
            "protocol": plan.protocol,
            "held_out": list(config.finetune.held_out),
            "trained": [[condition.variant, condition.severity] for condition in plan.trained],
            "start": start,
            "leak": asdict(plan.leak(plan.train, plan.val)),
            "shown": asdict(plan.leak(*shown, self.val)),
            "n_source_images": len(plan.ids(plan.train)),
            "n_pairs": len(plan.train),
            "settings": training_settings(config)["train"]
            | {"seed": config.seed, "images_per_epoch": len(self.mix)},
        }

    def record(
        self,
        classifier: Classifier,
        predictor: Predictor,
        start: str,
        before: Cells,
        after: Cells,
        spent: Spent,
    ) -> None:
        """Write down what this fine-tuning is and what it took."""
        setup, folder = self.setup, self.setup.folder
        state = Progress.load(folder)
        assert state is not None
        called = f"{setup.config.run_name}, {folder.path.name}"
        epochs = history.columns(state.history)
        curves.save(epochs, called, folder.path / "curves.png")
        summary = {
            **setup.summary,
            "best_epoch": int(state.best["epoch"]),
            "epochs": state.epoch,
            "val_top1": state.best["val_top1"],
            "n_train": len(self.mix),
            "n_val": len(self.val),
            "corruption_source": self.shift.source,
            "finetune": self.facts(start),
            "before": before.files(),
            "cells": after.files(),
        }
        folder.update("summary.json", summary)
        seconds = {"train": float(epochs["seconds"].sum())}
        rates = {"train": len(self.mix) * state.epoch / seconds["train"]}
        record = setup.record(classifier, predictor.precision) | {"engine": predictor.facts()}
        record |= {"trained_in": state.dtype} if state.dtype else {}
        folder.update("provenance.json", record | {"seconds": seconds, "images_per_second": rates})
        folder.update("provenance.json", spent.record() | crew().costs())
