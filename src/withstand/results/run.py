"""A finished run, read back from its folder. Nothing here needs a network, or torch.

>>> run = withstand.load_run("checkpoints/resnet50_cifar10")
>>> run.frame()                            # a row for each condition: n, top-1 with interval, top-5, loss
>>> run.predictions(Condition("corruption", "fog", 3)).logits
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from withstand.base import json_file
from withstand.base.errors import UserError
from withstand.base.names import shown
from withstand.config.schema import folder_label
from withstand.results import records
from withstand.results.columns import CHOSEN, CONFIDENCE, Columns
from withstand.results.conditions import CLEAN, Condition
from withstand.results.facts import Facts, training_of
from withstand.results.history import Epochs
from withstand.results.kept import Kept, Source
from withstand.results.metrics import METRICS
from withstand.results.sample import Sample
from withstand.results.scores import Scores
from withstand.results.store import Predictions, Store, together
from withstand.statistics import clopper_pearson

if TYPE_CHECKING:
    import pandas as pd  # takes a fifth of a second, and a report needs no frame

LONGEST = 200  # signs of a name that are shown


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """One model on one dataset: what its folder says.

    Attributes:
        folder: where it is.
        summary: ``summary.json``.
        provenance: ``provenance.json``; empty where there is none.
        epochs: ``history.csv`` by its columns; without values for a model that was not trained here.
        files: condition → the files of its predictions that are there: several, of different images, where several
            classifiers shared the work.
        missing: conditions that the summary lists and whose file is gone.
        only: int64, the images to look at; None is all of them.
        kept: what was read of the files; of other files, or of other images in them, there is another.
        among_all: whether answers to images of some of the classes may be any class; else they are among these.
        aside: by name, the files of the predictions of images that ask for no accuracy (``conditions.ASIDE``).
    """

    folder: Path
    summary: dict[str, Any]
    provenance: dict[str, Any]
    epochs: Epochs
    files: dict[Condition, tuple[str, ...]]
    missing: tuple[Condition, ...]
    only: NDArray[np.int64] | None = None
    among_all: bool = False
    aside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kept: Columns = field(default_factory=Columns)

    def __repr__(self) -> str:
        return f"Run({self.model} on {self.dataset}, {len(self.files)} conditions, {self.folder})"

    @property
    def model(self) -> str:
        return shown(str(self.summary["model"]), LONGEST)

    @property
    def dataset(self) -> str:
        """What the data set is called; once all folders of images were ``folder``: those are called as they are."""
        said = str(self.summary["dataset"])
        options = (self.provenance.get("config") or {}).get("dataset", {}).get("options") or {}
        own = folder_label(str(options["folder"])) if said == "folder" and "folder" in options else said
        return shown(own, LONGEST)

    @cached_property
    def _identity(self) -> dict[str, Any]:
        return json_file.record(self.folder / "run.json", records.IdentitySaid)

    @property
    def content(self) -> str:
        """What tells its data set from any other of that name (``Dataset.content``); empty where not on record."""
        return str(self._identity.get("content", ""))

    @property
    def sources(self) -> str:
        """What tells its source images from others, however they were decoded; empty where not on record."""
        return str(self._identity.get("sources", ""))

    def of_the_sources_of(self, other: Run) -> bool:
        return bool(self.sources) and self.sources == other.sources

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(shown(name, LONGEST) for name in self.summary.get("classes") or ())

    @property
    def history(self) -> pd.DataFrame:
        """A row for each epoch of its training; none where it was not trained here."""
        import pandas as pd

        return pd.DataFrame(dict(self.epochs))

    @property
    def trained_here(self) -> bool:
        return len(self.epochs["epoch"]) > 0

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(self.files)

    @cached_property
    def facts(self) -> Facts:
        """What may tell this classifier from another: architecture, pretraining, resolution, seed and more."""
        return Facts.of(self.summary, self.provenance)

    @cached_property
    def training(self) -> str:
        """The settings of its training but the seed: equal for trainings of one model; empty where not on record."""
        return training_of(self.provenance)

    @cached_property
    def sampled(self) -> Sample | None:
        """The part of the shifted images that was evaluated (``evaluation.precision``); None where all were."""
        said = self.summary.get("sample")
        return Sample(**said) if said else None

    def on(self, ids: NDArray[np.int64]) -> Run:
        """The same run as if it had been evaluated on ``ids`` alone."""
        if np.isin(self.scores.ids, ids).all():
            return self
        return replace(self, only=ids, kept=Columns())

    def anew(self) -> Run:
        """The same run, of which nothing was read yet."""
        return replace(self, kept=Columns(kept=Kept(self.folder if self.only is None else None)))

    def under(self, conditions: Iterable[Condition]) -> Run:
        """The same run as if it had been evaluated under ``conditions`` alone."""
        wanted = set(conditions)
        files = {one: files for one, files in self.files.items() if one in wanted}
        return self if len(files) == len(self.files) else replace(self, files=files)

    def families(self, shift: str) -> dict[str, list[str]] | None:
        """The sets of variants that a shift gave names to; None where the record is from before it said so."""
        found: dict[str, list[str]] | None = self.summary.get("groups", {}).get(shift)
        return found

    @property
    def shifts(self) -> tuple[str, ...]:
        """The shifts that it was evaluated under, in order; ``clean`` is one."""
        return tuple(dict.fromkeys(condition.shift for condition in self.conditions))

    def cells(self) -> Iterator[Path]:
        """The files of its predictions."""
        return (self.folder / "predictions" / file for files in self.files.values() for file in files)

    def predictions(self, condition: Condition) -> Predictions:
        """Read the predictions under one condition.

        Raises:
            UserError: the run has none, or the file is damaged.
        """
        if condition not in self.files:
            raise UserError(f"{self.folder} has no predictions for {condition}; run the evaluation again")
        read = self._read(str(condition), self.files[condition])
        if among := self._answers(condition):
            read = replace(read, logits=read.logits[:, : len(among)])
        return read if self.only is None else read.take(np.flatnonzero(np.isin(read.ids, self.only)))

    def beside(self, name: str) -> Predictions:
        """Read the predictions of images that ask for no accuracy, one of ``aside``; their labels may mean nothing.

        Raises:
            UserError: the file is damaged.
        """
        return self._read(name, self.aside[name])

    def _read(self, what: str, files: Sequence[str]) -> Predictions:
        store = Store(self.folder / "predictions")
        try:
            return together([store.read(file) for file in files])
        except ValueError as error:
            raise UserError(f"{self.folder}: the predictions for {what} are damaged: {error}") from error

    def _answers(self, condition: Condition) -> Sequence[str]:
        """The classes that answers are taken among, where these are some of those predicted; else none."""
        about = self.about(condition.shift)
        return about["classes"] if about.get("both") and not self.among_all else ()

    def about(self, shift: str) -> Mapping[str, Any]:
        """What a shift left on record of itself; empty where it had nothing to say."""
        found: Mapping[str, Any] = self.summary.get("shifts", {}).get(shift, {})
        return found

    @cached_property
    def scores(self) -> Scores:
        """The per-image values of every metric and condition; the logits are read once a metric, and not kept."""
        return Scores.over(self._of_the_same, self.predictions, self.sampled is not None, self.columns)

    def answers(
        self, condition: Condition
    ) -> tuple[NDArray[np.int64], NDArray[np.integer], NDArray[np.float64]]:
        """The images seen under a condition; the class chosen for each, and its probability.

        An answer that is not a number is ``NO_NUMBER``, and sure.
        """
        ids, _ = self.columns.rows(condition, self.predictions)
        chosen, sure = (self.columns.values(condition, one, self.predictions) for one in (CHOSEN, CONFIDENCE))
        return ids, chosen, sure

    def work_out(self, metrics: Iterable[str] = METRICS) -> None:
        """Have metrics at hand, each cell being read once at most; they are kept in the run's folder."""
        self.columns.fill(self.conditions, list(metrics), self.predictions)

    @cached_property
    def columns(self) -> Columns:
        """What was read of the cells, as this view of the run reads them."""
        return self.kept.of(self._cell)

    def _cell(self, condition: Condition) -> Source:
        return self._sources[condition]

    @cached_property
    def _sources(self) -> dict[Condition, Source]:
        folder, among_all = str(self.folder), self.among_all
        return {
            one: Source(folder, one, files, among_all, len(self._answers(one)))
            for one, files in self.files.items()
        }

    @cached_property
    def _of_the_same(self) -> tuple[Condition, ...]:
        """The conditions but for those of shifts that show other source images than the clean ones, or some of them."""
        others = [shift for shift in self.shifts if shift not in ("clean", "corruption", "background")]
        if not others or CLEAN not in self.files:
            return self.conditions
        apart = {shift for shift in others if self.about(shift)}
        others = [shift for shift in others if shift not in apart]
        clean = self.predictions(CLEAN).ids
        first = {shift: next(one for one in self.conditions if one.shift == shift) for shift in others}
        apart |= {
            shift for shift, one in first.items() if not np.isin(self.predictions(one).ids, clean).any()
        }
        return tuple(one for one in self.conditions if one.shift not in apart)

    def shown(self, condition: Condition) -> Mapping[str, Any]:
        """What the images of a condition depend on, as its predictions record it: ``images`` and ``shift``, or nothing.

        Equal ones mean equal images, wherever they were read from.
        """
        return self.columns.shown(condition)

    def rows(self) -> list[dict[str, Any]]:
        """What ``frame`` has, a row for each condition; None where a condition has no severity."""
        self.work_out()
        each = [self.under(c for c in self.conditions if c.shift == shift).scores for shift in self.shifts]
        rows = []
        for scores, condition in ((one, condition) for one in each for condition in one.conditions):
            asked = [name for name, metric in METRICS.items() if metric.asked_of(condition.shift)]
            values = {name: scores.column(condition, name)[1].astype(np.float64) for name in asked}
            n = len(values["top1"])
            interval = clopper_pearson(int(np.nansum(values["top1"])), n) if n else None
            rows.append(
                {
                    "model": self.model,
                    **vars(condition),
                    "n": n,
                    **{name: _mean(name, value) for name, value in values.items()},
                    "top1_low": interval.low if interval else np.nan,
                    "top1_high": interval.high if interval else np.nan,
                }
            )
        return rows

    def frame(self) -> pd.DataFrame:
        """A row for each condition: shift, variant, severity, n, each metric's mean, top-1's 95% interval (exact)."""
        return as_frame(self.rows())


def _mean(metric: str, values: NDArray[np.float64]) -> float:
    """Of the images seen; NaN without any. The mean of influences may miss a bound by a rounding error."""
    mean = float(values.mean()) if len(values) else math.nan
    if math.isnan(mean):
        seen = values[~np.isnan(values)]
        mean = float(seen.mean()) if len(seen) else math.nan
    known = METRICS[metric]
    return min(max(mean, known.low), math.inf if known.high is None else known.high)


def as_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Whole severities as whole numbers; where others stand among them, each as it is written."""
    import pandas as pd

    if not rows:
        return pd.DataFrame()
    found = [row["severity"] for row in rows]
    kind = "object" if any(isinstance(one, float) for one in found) else "Int64"
    severities = pd.Series([pd.NA if one is None else one for one in found], dtype=kind)
    return pd.DataFrame(list(rows)).assign(severity=severities)
