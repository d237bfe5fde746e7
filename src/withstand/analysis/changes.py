"""What fine-tuning changed: two runs of one model on the same test images, before and after, under every condition.

>>> tuned = changes("checkpoints/resnet50_cifar10")[0]
>>> tuned.gain("corrupted").difference        # of the mean top-1, paired by image, with interval
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.groups import ALL, groups
from withstand.base.errors import UserError, nearest
from withstand.base.names import shown
from withstand.results.conditions import CLEAN, Condition
from withstand.results.metrics import find
from withstand.results.run import Run
from withstand.results.stages import fine_tunings
from withstand.statistics import Estimate, McNemar, holm, mcnemar, mean_over_conditions, paired_difference


@dataclass(frozen=True)
class Gain:
    """A mean over some conditions before and after, and the difference paired by image; shares."""

    before: Estimate
    after: Estimate
    difference: Estimate


@dataclass(frozen=True, eq=False)
class Change:
    """A comparison of two runs: one model on the same test images before and after a fine-tuning.

    Attributes:
        before, after: runs with the same conditions and images.
    """

    before: Run
    after: Run

    @property
    def name(self) -> str:
        return shown(str(self.after.summary["finetune"]["name"]))

    @property
    def facts(self) -> dict[str, Any]:
        """Its protocol, its leak, what was held out, how many images it was shown…: ``finetune`` in the summary."""
        facts: dict[str, Any] = self.after.summary["finetune"]
        return facts

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that were predicted before and after."""
        return tuple(c for c in self.before.conditions if c in set(self.after.conditions))

    @property
    def variants(self) -> list[str]:
        """The corruptions that both were shown."""
        return list(dict.fromkeys(c.variant for c in self.groups["corrupted"]))

    @cached_property
    def groups(self) -> dict[str, tuple[Condition, ...]]:
        """Conditions to average over: clean, corrupted, seen, unseen, benchmark, severities, families, corruptions.

        ``seen`` and ``unseen`` (in training) are there only where both have conditions.
        """
        shown = {tuple(one) for one in self.facts["trained"]}
        corrupted = tuple(c for c in self.conditions if c != CLEAN)
        found = groups(self.conditions) | {ALL: corrupted}  # these in the order of the table
        if any((c.variant, c.severity) not in shown for c in corrupted):
            found["seen"] = tuple(c for c in corrupted if (c.variant, c.severity) in shown)
            found["unseen"] = tuple(c for c in corrupted if (c.variant, c.severity) not in shown)
        return {name: members for name, members in found.items() if members}

    def gain(self, group: str, metric: str = "top1") -> Gain:
        """What the fine-tuning did to a mean: before, after and their difference, with 95% intervals by image.

        Raises:
            UserError: there is no such group or metric.
        """
        known = find(metric)
        if group not in self.groups:
            raise UserError(f"there is no group '{group}' of conditions here; {nearest(group, self.groups)}")
        before, after = (
            run.scores.of(metric, self.groups[group], self.ids).astype(np.float64)
            for run in (self.before, self.after)
        )
        was, now = (
            mean_over_conditions(one, known.bounds).within(known.low, known.high) for one in (before, after)
        )
        reach = None if known.high is None else known.high - known.low
        difference = paired_difference(after, before, reach)
        return Gain(was, now, difference if reach is None else difference.within(-reach, reach))

    def mcnemar(self, condition: Condition, metric: str = "top1") -> McNemar:
        """After against before on the images of one condition."""
        after, before = (
            run.scores.of(metric, [condition], self.ids)[:, 0] > 0 for run in (self.after, self.before)
        )
        return mcnemar(after, before)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each corrupted condition: the study's columns (percent, after fine-tuning), before, gain, test."""
        trained = {tuple(one) for one in self.facts["trained"]}
        tests = [self.mcnemar(condition) for condition in self.groups["corrupted"]]
        corrected = holm([test.p for test in tests])
        rows = []
        for condition, test, p in zip(self.groups["corrupted"], tests, corrected, strict=True):
            right = {
                (when, metric): float(run.scores.of(metric, [condition], self.ids).mean(dtype=np.float64))
                for when, run in (("before", self.before), ("after", self.after))
                for metric in ("top1", "top5")
            }
            gain = test.difference.times(100)
            rows.append(
                {
                    "model": self.after.model,
                    "corruption": condition.variant,
                    "severity": condition.severity,
                    "top1_acc": round(100 * right["after", "top1"], 6),
                    "top5_acc": round(100 * right["after", "top5"], 6),
                    "before_top1_acc": round(100 * right["before", "top1"], 6),
                    "before_top5_acc": round(100 * right["before", "top5"], 6),
                    "top1_gain": round(gain.value, 6),
                    "top1_gain_low": round(gain.low, 6),
                    "top1_gain_high": round(gain.high, 6),
                    "mcnemar_p": float(f"{test.p:.6g}"),
                    "mcnemar_p_holm": float(f"{p:.6g}"),
                    "n": len(self.ids),
                    "trained_on": (condition.variant, condition.severity) in trained,
                }
            )
        return rows

    @property
    def ids(self) -> NDArray[np.int64]:
        """The source images that were tested, ascending."""
        return self.after.scores.ids


@dataclass(frozen=True)
class Price:
    """How much a leak inflates accuracy: the leaking protocol against the honest one, on the images that both test.

    Attributes:
        before, honest, leaking: mean top-1 under corruption of the model that both start from and of what each made.
        difference: leaking minus honest, paired by image: 0 where the leak has no effect.
    """

    before: Estimate
    honest: Estimate
    leaking: Estimate
    difference: Estimate


def leak_price(leaking: Change, honest: Change) -> Price | str:
    """How much the leak inflates accuracy; or, in words, why the two are not comparable."""
    if leaking.before.provenance.get("weights_digest") != honest.before.provenance.get("weights_digest"):
        return "they did not start from the same weights"
    ours, theirs = honest.facts["settings"], leaking.facts["settings"]
    changed = [key for key in ours if ours[key] != theirs.get(key)]
    if changed:
        return f"they were trained with other settings ({', '.join(changed)})"
    conditions = [c for c in honest.groups["corrupted"] if c in leaking.groups["corrupted"]]
    if set(conditions) != set(honest.groups["corrupted"]) | set(leaking.groups["corrupted"]):
        return "they were tested under other corruptions"
    ids = np.intersect1d(honest.ids, leaking.ids)
    if len(ids) < 2:
        return "they tested no image in common"
    before, after, other = (
        run.scores.of("top1", conditions, ids) for run in (honest.before, honest.after, leaking.after)
    )
    return Price(
        before=mean_over_conditions(before),
        honest=mean_over_conditions(after),
        leaking=mean_over_conditions(other),
        difference=paired_difference(other, after),
    )


def changes(run_folder: str | Path) -> list[Change]:
    """What each finished fine-tuning of a run changed, by name; of those whose predictions are there.

    Raises:
        UserError: a file is damaged.
    """
    found = [Change(before, after) for before, after in fine_tunings(run_folder)]
    return [one for one in found if one.groups.get(ALL)]


def gone(run_folder: str | Path) -> list[str]:
    """The fine-tunings of which no prediction under corruption is left, by name."""
    return sorted(
        {after.folder.name for _, after in fine_tunings(run_folder)}
        - {one.after.folder.name for one in changes(run_folder)}
    )
