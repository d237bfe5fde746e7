"""The tables of a report, from ``recompute``: means, pairs, calibration, classes."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from tests.report.recompute import (
    Interval,
    Run,
    about_needed,
    all_at_once,
    ece,
    exact,
    holm,
    mean_interval,
    p_of_zero,
    stats,
)

Rows = dict[tuple[str, ...], dict[str, Any]]
"""Key of a row → column → a number, (value, low, high), or a word."""
CLEAN = ("clean", "")
FAMILIES = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "gaussian_blur"),
    "weather": ("snow", "frost", "fog", "brightness", "spatter"),
    "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression", "saturate"),
}
NOT_BENCHMARK = ("speckle_noise", "gaussian_blur", "spatter", "saturate")


def percent(one: Interval | float) -> Any:
    return 100 * np.asarray(one, float)


def within(one: Interval, low: float, high: float) -> Interval:
    value, least, most = np.clip(one, low, high).tolist()
    return value, least, most


class Study:
    """The runs of a folder, which all saw the same images under the same conditions."""

    def __init__(self, root: Path) -> None:
        found = [Run(path) for path in sorted(root.iterdir()) if (path / "summary.json").is_file()]
        models = [run.model for run in found]
        self.runs = {run.model if models.count(run.model) == 1 else run.folder: run for run in found}
        first = found[0]
        self.labels, self.shifted, self.n = first.labels, first.shifted, len(first.labels)
        self.called = first.summary["classes"]
        self.variants = list(dict.fromkeys(variant for variant, _ in self.shifted))
        self.severities = sorted({severity for _, severity in self.shifted})

    def mean(self, run: Run, conditions: list[tuple[str, str]], metric: str = "top1") -> Interval:
        """Interval of a share, or of a metric with its own bounds."""
        low, high = {"nll": (0, None), "brier": (0, 2)}.get(metric, (0, 1))
        values = run.of(conditions, metric)
        bounds = (
            (-0.25, 1.25) if metric == "selective" else (low, high)
        )  # an image may move it beyond its own
        found = mean_interval(values, *bounds)
        return within(found, low, np.inf if high is None else high)

    def those(self, variants: Any) -> list[tuple[str, str]]:
        return [one for one in self.shifted if one[0] in variants]

    def corrupted(self) -> Rows:
        rows = {}
        whole = self.those(set(self.variants) - set(NOT_BENCHMARK))
        for name, run in self.runs.items():
            worst = min(self.variants, key=lambda variant: run.of(self.those([variant])).mean())
            drop = within(mean_interval(run.of([CLEAN]) - run.of(self.shifted), -1), -1, 1)
            rows[(name,)] = {
                "clean_top1": percent(self.mean(run, [CLEAN])),
                "corrupted_top1": percent(self.mean(run, self.shifted)),
                "corrupted_top5": percent(self.mean(run, self.shifted, "top5")),
                **(
                    {
                        f"benchmark_{metric}": percent(self.mean(run, whole, metric))
                        for metric in ("top1", "top5")
                    }
                    if len(whole) == 75
                    else {}
                ),
                "drop": percent(drop),
                "worst": spaced(worst),
                "conditions": len(self.shifted),
                "images": self.n,
            }
        return rows

    def by(self, groups: dict[str, list[tuple[str, str]]]) -> Rows:
        return {
            (name,): {
                **{group: percent(self.mean(run, those)) for group, those in groups.items()},
                "images": self.n,
            }
            for name, run in self.runs.items()
        }

    def severity(self) -> Rows:
        levels = {f"severity-{s}": [one for one in self.shifted if one[1] == s] for s in self.severities}
        return self.by({"clean": [CLEAN]} | levels)

    def families(self) -> Rows:
        return self.by({name: those for name, members in FAMILIES.items() if (those := self.those(members))})

    def corruptions(self) -> Rows:
        return {
            (spaced(variant),): {
                "family": next(name for name, members in FAMILIES.items() if variant in members),
                **{name: percent(self.mean(run, self.those([variant]))) for name, run in self.runs.items()},
            }
            for variant in self.variants
        }

    def pairs(self) -> Rows:
        lead = {
            (a, b): self.runs[a].of(self.shifted) - self.runs[b].of(self.shifted)
            for a, b in combinations(self.runs, 2)
        }
        lead = {
            ((a, b) if d.mean() >= 0 else (b, a)): (d if d.mean() >= 0 else -d) for (a, b), d in lead.items()
        }
        level = all_at_once(np.stack(list(lead.values()), axis=1))
        p, clean_p, rows = [p_of_zero(each) for each in lead.values()], [], {}
        for (a, b), each in lead.items():
            one, other = (self.runs[name].of([CLEAN]) > 0 for name in (a, b))
            only_a, only_b = int((one & ~other).sum()), int((other & ~one).sum())
            clean_p.append(min(1.0, 2 * stats.binom.cdf(min(only_a, only_b), only_a + only_b, 0.5)))
            difference = within(mean_interval(each, -1, level=level), -1, 1)
            open_ = difference[1] <= 0 < difference[0]
            rows[a, b] = {
                "difference": percent(difference),
                "verdict": "ahead" if difference[1] > 0 else "within error",
                "clean_difference": percent(bonett_price(only_a, only_b, self.n)),
                "only_better": only_a,
                "only_other": only_b,
                "images": self.n,
                **({"needed": about_needed(each, (1 - level) / 2)} if open_ else {}),
            }
        for row, both, clean in zip(rows.values(), holm(p), holm(clean_p), strict=True):
            row |= {"p_holm": both, "p": clean}
        return rows

    def how_many(self) -> Rows:
        """What each difference takes, and what these images show, by the normal distribution."""
        rows: Rows = {}
        for a, b in combinations(self.runs, 2):
            each = self.runs[a].of(self.shifted) - self.runs[b].of(self.shifted)
            a, b, each = (a, b, each) if each.mean() >= 0 else (b, a, -each)
            centred = each - each.mean()
            shows = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * each.std() / np.sqrt(self.n)
            rows[(f"{a} − {b}",)] = {
                "images": self.n,
                "difference": 100 * each.mean(),
                "shows": 100 * shows,
                **{f"at_{p:g}": about_needed(centred + p / 100, 0.025) for p in (0.25, 0.5, 1, 2, 3, 5)},
            }
        return rows

    def calibration(self) -> Rows:
        rows: Rows = {}
        for name, run in self.runs.items():
            rows[(name,)] = {"images": self.n}
            for group, those in (("clean", [CLEAN]), ("corrupted", self.shifted)):
                sure = np.stack([run.sure[one] for one in those], axis=1)
                right = np.stack([run.values["top1"][one] for one in those], axis=1)
                image = np.repeat(np.arange(self.n), len(those))
                _, values = ece(sure.reshape(-1, 1), right.reshape(-1, 1), image)
                each = values.reshape(self.n, -1).mean(axis=1)
                rows[(name,)] |= {
                    f"{group}_confidence": percent(mean_interval(sure.mean(axis=1))),
                    f"{group}_right": percent(self.mean(run, those)),
                    f"{group}_ece": percent(within(mean_interval(each, -1), 0, 1)),
                }
        return rows

    def probabilities(self) -> Rows:
        groups = {"clean": [CLEAN], "corrupted": self.shifted}
        return {
            (name,): {
                **{
                    f"{group}_{m}": np.array(self.mean(run, those, m))
                    for group, those in groups.items()
                    for m in ("nll", "brier", "aurc", "selective")
                },
                "images": self.n,
            }
            for name, run in self.runs.items()
        }

    def classes(self) -> Rows:
        rows: Rows = {}
        for label in np.unique(self.labels):
            own = self.labels == label
            row: dict[str, Any] = {"images": int(own.sum())}
            for name, run in self.runs.items():
                row[f"{name}_clean"] = percent(exact(int(run.of([CLEAN])[own].sum()), int(own.sum())))
                row[f"{name}_corrupted"] = percent(mean_interval(run.of(self.shifted)[own]))
            rows[(self.called[label],)] = row
        return rows

    def confusions(self) -> Rows:
        rows: Rows = {}
        for name, run in self.runs.items():
            chosen = np.stack([run.chosen[one] for one in self.shifted], axis=1)
            shares = {
                (a, b): (chosen[self.labels == a] == b).mean(axis=1)
                for a in np.unique(self.labels)
                for b in range(len(self.called))
                if a != b
            }
            # The three most frequent, the first of equals.
            for a, b in sorted(shares, key=lambda pair: -round(shares[pair].mean(), 12))[:3]:
                if shares[a, b].any():
                    rows[name, self.called[a], self.called[b]] = {
                        "share": percent(mean_interval(shares[a, b])),
                        "images": int((self.labels == a).sum()),
                    }
        return rows

    def confusion(self) -> dict[str, Rows]:
        """Each model's whole matrix, in percent of the true class's answers."""
        matrices: dict[str, Rows] = {}
        for name, run in self.runs.items():
            chosen = np.stack([run.chosen[one] for one in self.shifted], axis=1)
            matrices[f"confusion-{name}"] = {
                (self.called[label],): {
                    "images": int((self.labels == label).sum()),
                    **{
                        f"as_{other}": 100 * float((chosen[self.labels == label] == other).mean())
                        for other in range(max(chosen.max(), self.labels.max()) + 1)
                    },
                }
                for label in np.unique(self.labels)
            }
        widest = max(len(next(iter(rows.values()))) for rows in matrices.values()) - 1
        for rows in matrices.values():
            for row in rows.values():
                row |= {f"as_{other}": row.get(f"as_{other}", 0.0) for other in range(widest)}
        return matrices

    def lost(self) -> Rows:
        clean = np.all([run.of([CLEAN]) > 0 for run in self.runs.values()], axis=0)
        rows: Rows = {}
        for variant in self.variants:
            wrong = [run.values["top1"][variant, "3"] == 0 for run in self.runs.values()]
            count = int((clean & np.all(wrong, axis=0)).sum())
            rows[(spaced(variant),)] = {
                "share": percent(exact(count, self.n)),
                "lost": count,
                "images": self.n,
            }
        return rows


def bonett_price(only_a: int, only_b: int, n: int) -> Interval:
    """Bonett and Price (2012): the difference of two paired shares, one answer of each kind added."""
    a, b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    reach = stats.norm.ppf(0.975) * np.sqrt((a + b - (a - b) ** 2) / (n + 2))
    return (only_a - only_b) / n, max(-1.0, a - b - reach), min(1.0, a - b + reach)


def spaced(variant: str) -> str:
    return variant.replace("jpeg", "JPEG").replace("_", " ")
