"""The rest of the tables, and all of them: ``python -m tests.report.recompute_rest RUNS`` prints them as JSON."""

from __future__ import annotations

import json
import sys
from functools import cached_property
from pathlib import Path

import numpy as np
from tests.report.recompute import (
    Array,
    Interval,
    Run,
    exact,
    holm,
    mean_interval,
    over_seeds,
    p_of_zero,
    seeds_p,
)
from tests.report.recompute_tables import CLEAN, Rows, Study, percent, within

CLAIM = "Transformers withstand corruption better than CNNs, pretraining equal"
KEYS = {
    **dict.fromkeys(("corrupted", "severity", "families", "calibration", "probabilities"), ("model",)),
    **dict.fromkeys(("seeds", "training", "gaps", "cost"), ("model",)),
    **dict.fromkeys(("corruptions", "lost"), ("corruption",)),
    "conditions": ("run", "variant", "severity"),
    "pairs": ("better", "other"),
    "seeds-pairs": ("better", "other"),
    "classes": ("class",),
    "confusions": ("model", "class", "taken_for"),
    "hypotheses": ("claim", "pair"),
    "how_many": ("part",),
}


def keys(table: str) -> tuple[str, ...]:
    """The columns that name a row of a table."""
    return ("class",) if table.startswith("confusion-") else KEYS[table]


class Report(Study):
    """What is told of several trainings, of claims, and of how the runs were made."""

    def trainings(self) -> dict[str, list[Run]]:
        return {
            model: [run for run in self.runs.values() if run.model == model]
            for model in dict.fromkeys(run.model for run in self.runs.values())
        }

    def seeds(self) -> Rows:
        rows: Rows = {}
        for model, trainings in self.trainings().items():
            if len(trainings) < 2:
                continue
            rows[(model,)] = {"seeds": len(trainings), "images": self.n}
            for group, those in (("clean", [CLEAN]), ("corrupted", self.shifted)):
                each = np.stack([run.of(those) for run in trainings])
                rows[(model,)] |= {
                    group: percent(within(over_seeds([each]), 0, 1)),
                    f"{group}_least": 100 * each.mean(axis=1).min(),
                    f"{group}_most": 100 * each.mean(axis=1).max(),
                }
        return rows

    def seeds_pairs(self) -> Rows:
        """Every two models, where each was trained several times."""
        models = self.trainings()
        if len(models) < 2 or min(map(len, models.values())) < 2:
            return {}
        each = {m: np.stack([run.of(self.shifted) for run in runs]) for m, runs in models.items()}
        order = sorted(each, key=lambda model: -each[model].mean())
        ordered = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
        corrected = holm([seeds_p([each[a], each[b]]) for a, b in ordered])
        rows: Rows = {}
        for (a, b), p in zip(ordered, corrected, strict=True):
            found = within(over_seeds([each[a], each[b]], 1 - 0.05 / len(ordered)), -1, 1)
            verdict = "ahead" if found[1] > 0 else "within error"
            rows[a, b] = {"difference": percent(found), "p_holm": p, "verdict": verdict, "images": self.n}
        return rows

    def hypotheses(self) -> Rows:
        """The one claim that a study of two families, pretrained alike, can answer; it has one pair."""
        sides: dict[str, list[str]] = {"transformer": [], "cnn": []}
        for name, run in self.runs.items():
            sides[run.made["config"]["model"]["family"]].append(name)

        def difference(values: dict[str, Array], reach: float) -> tuple[Interval, float]:
            rows = [np.stack([values[name] for name in side]) for side in sides.values()]
            if len(rows[0]) == len(rows[1]) > 1:
                return within(over_seeds(rows), -reach, reach), seeds_p(rows)
            each = rows[0].mean(axis=0) - rows[1].mean(axis=0)
            return within(mean_interval(each, -reach, reach), -reach, reach), p_of_zero(each, reach)

        corrupted = {name: run.of(self.shifted) for name, run in self.runs.items()}
        clean = {name: run.of([CLEAN]) for name, run in self.runs.items()}
        effect, p = difference(corrupted, 1)
        dropped = {name: clean[name] - corrupted[name] for name in clean}
        called = [f"{len(side)} seeds of {side[0]}" if len(side) > 1 else side[0] for side in sides.values()]
        verdict = "not decided" if p >= 0.05 else "supported" if effect[0] > 0 else "refuted"
        row = {"verdict": verdict, "top1": percent(effect), "p_holm": p, "p": p, "images": self.n}
        row |= {"clean": percent(difference(clean, 1)[0]), "drop": percent(difference(dropped, 2)[0])}
        return {(CLAIM, " − ".join(called)): row}

    def training(self) -> Rows:
        rows: Rows = {}
        for name, run in self.runs.items():
            said = run.summary
            right = round(said["val_top1"] / 100 * said["n_val"])
            rows[(name,)] = {
                "val_top1": percent(exact(right, said["n_val"])),
                **{key: said[key] for key in ("best_epoch", "epochs", "n_train", "n_val")},
                "test_loss": np.array(mean_interval(run.of([CLEAN], "nll"), 0, None)),
                "test_top1": percent(self.mean(run, [CLEAN])),
                "test_top5": percent(self.mean(run, [CLEAN], "top5")),
                "images": self.n,
            }
        return rows

    def gaps(self) -> Rows:
        rows: Rows = {}
        for name, run in self.runs.items():
            best, last = max(run.history, key=lambda row: float(row["val_top1"])), run.history[-1]
            rows[(name,)] = {"n_val": run.summary["n_val"]}
            for when, row in (("best", best), ("last", last)):
                train, val = float(row["train_top1"]), float(row["val_top1"])
                rows[(name,)] |= {f"{when}_epoch": int(row["epoch"]), f"{when}_train": train}
                n = run.summary["n_val"]
                _, low, high = exact(round(val / 100 * n), n)
                gap = (train - val, train - 100 * high, train - 100 * low)
                rows[(name,)] |= {f"{when}_val": val, f"{when}_gap": gap}
        return rows

    def cost(self) -> Rows:
        return {
            (name,): {
                **{f"{work}_seconds": run.made["seconds"][work] for work in ("train", "evaluate")},
                **{f"{work}_rate": run.made["images_per_second"][work] for work in ("train", "evaluate")},
                **{key: run.made[key] for key in ("parameters", "precision", "device")},
            }
            for name, run in self.runs.items()
        }

    def conditions(self) -> Rows:
        rows: Rows = {}
        for name, run in self.runs.items():
            for condition in [CLEAN, *self.shifted]:
                means = {metric: float(run.of([condition], metric).mean()) for metric in run.values}
                _, low, high = exact(round(means["top1"] * self.n), self.n)
                shift = "clean" if condition == CLEAN else "corruption"
                about = {"model": run.model, "shift": shift, "n": self.n}
                rows[(name, *condition)] = {**means, **about, "top1_low": low, "top1_high": high}
        return rows

    @cached_property
    def tables(self) -> dict[str, Rows]:
        """Name of a table → its rows."""
        every = {name: getattr(self, name.replace("-", "_"))() for name in KEYS}
        return {name: rows for name, rows in (every | self.confusion()).items() if rows}


if __name__ == "__main__":
    found = Report(Path(sys.argv[1])).tables
    json.dump(
        {t: {" | ".join(k): v for k, v in rows.items()} for t, rows in found.items()},
        sys.stdout,
        indent=1,
        default=lambda one: one.tolist(),
    )
